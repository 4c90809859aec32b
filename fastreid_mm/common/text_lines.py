"""Lines of text files that other programs have written. Standard library only."""

import codecs
import re
from pathlib import Path

from fastreid_mm.errors import InputError

BEGINNINGS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
"""The bytes that some editors and shells begin a file with, and the encoding they stand for."""


def text_lines(path: str) -> list[str]:
    """Read the lines of a list, without blank ones and without spaces around them.

    Lines end as on any system. Bytes that are no UTF-8 are kept as in the names of files, so that both can be compared.

    Args:
        path: The path of the file.

    Raises:
        InputError: The file does not exist or cannot be read.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        reason = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
        raise InputError(f"{path} {reason}") from None
    encoding = next((name for mark, name in BEGINNINGS if content.startswith(mark)), "utf-8")
    text = content.decode(encoding, "replace" if encoding == "utf-16" else "surrogateescape")
    return [line.strip() for line in re.split("\r\n|\n|\r", text) if line.strip()]
