import pytest

from fastreid_mm.common import notices


@pytest.fixture
def said(monkeypatch):
    """The warnings that are said once, as if none had been said before."""
    lines = []
    notices.warn_once.cache_clear()
    monkeypatch.setattr(notices.logger, "warning", lines.append)
    yield lines
    notices.warn_once.cache_clear()
