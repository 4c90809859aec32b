from fastreid_mm.common import warn_once


def test_a_warning_is_said_once(monkeypatch):
    said = []
    monkeypatch.setattr(warn_once.logger, "warning", said.append)
    for line in ("these are the notices' first words", "and their second", "these are the notices' first words"):
        warn_once.warn_once(line)
    assert said == ["these are the notices' first words", "and their second"]
