"""Choice of the log messages that are shown on the screen; the log file has all."""

import logging
import sys

BEFORE_A_RUN = ("fastreid", "fastreid.utils.env")
"""Loggers of the host's that list environment, arguments, the config file, the whole config, and a seed not used."""
MOST_LINES = 20
"""Number of lines from which on a message of the host's is left to the file: the network, module by module."""


def shorten_screen() -> None:
    """Leave what the host writes before a run, and its longest messages, to ``log.txt``, from now on."""
    for handler in logging.getLogger("fastreid").handlers:
        if getattr(handler, "stream", None) is sys.stdout:
            handler.addFilter(is_for_screen)


def is_for_screen(record: logging.LogRecord) -> bool:
    """Tell whether a message is a warning, this package's, or a short one of the host's once a run has begun."""
    if record.levelno >= logging.WARNING or record.name.startswith("fastreid.mm"):
        return True
    return record.name not in BEFORE_A_RUN and record.getMessage().count("\n") < MOST_LINES
