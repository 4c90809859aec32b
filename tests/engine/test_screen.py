"""Messages on the screen: the host's long ones are in the log file alone."""

import logging
import sys

from fastreid_mm.engine.setup import is_for_screen, shorten_screen


def shown(name, text, level=logging.INFO):
    return is_for_screen(logging.LogRecord(name, level, "", 0, text, None, None))


def test_long_messages_of_the_host_are_left_to_the_file():
    table, network = "a\n" * 10, "a\n" * 60
    assert shown("fastreid.data", table) and not shown("fastreid.engine.defaults", network)
    assert not shown("fastreid", "Running with full config") and shown("fastreid", "a warning", logging.WARNING)
    assert shown("fastreid.mm", network) and shown("fastreid.engine.defaults", network, logging.WARNING)


def test_the_screen_alone_is_shortened(tmp_path, monkeypatch):
    screen, log = logging.StreamHandler(sys.stdout), logging.StreamHandler((tmp_path / "log.txt").open("w"))
    monkeypatch.setattr(logging.getLogger("fastreid"), "handlers", [screen, log])
    shorten_screen()
    shorten_screen()
    assert screen.filters == [is_for_screen] and not log.filters
