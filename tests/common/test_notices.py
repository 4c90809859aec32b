from fastreid_mm.common import notices


def test_a_warning_is_said_once(monkeypatch):
    said = []
    monkeypatch.setattr(notices.logger, "warning", said.append)
    for line in ("these are the notices' first words", "and their second", "these are the notices' first words"):
        notices.warn_once(line)
    assert said == ["these are the notices' first words", "and their second"]
