import pytest

from fastreid_mm.common import warn_once


@pytest.fixture
def said(monkeypatch):
    """The warnings that are said once, as if none had been said before."""
    lines = []
    warn_once.warn_once.cache_clear()
    monkeypatch.setattr(warn_once.logger, "warning", lines.append)
    yield lines
    warn_once.warn_once.cache_clear()
