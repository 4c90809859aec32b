"""Print and log names of files that the terminal or the log cannot encode: no name costs an answer.

Names on Linux are bytes. Those that are no UTF-8, as of archives made on other systems, come to Python with lone
surrogates in them, which strict encoding refuses; others do not fit the encoding of the locale.
"""

import locale
import logging
import os
import re
import select
import sys

CLOSED_PIPE = 141
"""Exit status of a program whose output nobody reads any more, as shells have it (``| head -1``)."""

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def prepare_console() -> None:
    r"""Escape what cannot be encoded, as ``\xe4`` or ``\udcd0``, in all that is printed or logged from now on."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)  # notebooks have streams of their own
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    if logging.getLogRecordFactory() is logging.LogRecord:
        logging.setLogRecordFactory(_Record)


class _Record(logging.LogRecord):
    """A message that log files, which hosts open in the encoding of the locale, can hold."""

    def getMessage(self) -> str:  # noqa: N802  logging's name
        return encodable(super().getMessage(), locale.getpreferredencoding(False))


def encodable(text: str, encoding: str = "utf-8") -> str:
    """Escape what an encoding has no bytes for."""
    return text.encode(encoding, "backslashreplace").decode(encoding)


def printable(text: str) -> str:
    """Escape what would break a line or a terminal, or is no character, as in names with line breaks."""
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def closed_pipe() -> bool:
    """Tell whether nobody reads what is printed any more, and if so, let the rest of it go nowhere."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):  # of a stream that is no file
        return False
    waiting = select.poll()
    waiting.register(descriptor, 0)
    if not waiting.poll(0):  # that there is an error is always told
        return False
    os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)  # Python flushes once more as it ends
    return True
