"""Printing and logging of file names that the terminal or the log cannot encode.

File names on Linux are bytes. Python decodes names that are not UTF-8, such as those of archives made on other systems,
with lone surrogates, which strict encoding refuses; others do not fit the encoding of the locale.
"""

import locale
import logging
import os
import re
import select
import sys

CLOSED_PIPE = 141
"""Exit status of a program whose output is no longer read (``| head -1``), as shells report it."""

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def prepare_console() -> None:
    r"""Escape characters that cannot be encoded, as ``\xe4`` or ``\udcd0``, in everything printed or logged later."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)  # notebooks have streams of their own
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    if logging.getLogRecordFactory() is logging.LogRecord:
        logging.setLogRecordFactory(_Record)


class _Record(logging.LogRecord):
    """Log record whose message can be written to log files, which the hosts open in the encoding of the locale."""

    def getMessage(self) -> str:  # noqa: N802  logging's name
        return encodable(super().getMessage(), locale.getpreferredencoding(False))


def encodable(text: str, encoding: str = "utf-8") -> str:
    """Escape the characters that an encoding lacks."""
    return text.encode(encoding, "backslashreplace").decode(encoding)


def printable(text: str) -> str:
    """Escape characters that would break a line or disturb a terminal, such as line breaks, and lone surrogates."""
    return _UNPRINTABLE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def closed_pipe() -> bool:
    """Tell whether standard output is no longer read, and if so, discard the rest of it."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):  # the stream is no file
        return False
    waiting = select.poll()
    waiting.register(descriptor, 0)
    if not waiting.poll(0):  # errors are always reported
        return False
    os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)  # Python flushes once more as it ends
    return True
