"""Reading of lists in text files: identities, splits, names. Standard library only."""

import codecs
from collections.abc import Iterator
from os import PathLike

from fastreid_mm.common.errors import InputError

_BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
"""Byte order marks, which editors on Windows write at the beginning, and their encodings."""


def read_lines(path: str | PathLike, what: str) -> Iterator[tuple[int, str]]:
    """Yield every line of a text file that is not blank, with its number from 1 and without space at its ends.

    Names need not be UTF-8: their bytes are kept as Python keeps those of file names, so that the files can be opened.

    Raises:
        InputError: the file is missing or cannot be read, or a line contains a null byte; names the line.
    """
    try:
        with open(path, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        raise InputError(f"{what} {path} is missing") from None
    except OSError as error:
        raise InputError(f"{what} {path} cannot be read: {error.strerror}") from None
    bom = next((bom for bom in _BOMS if content.startswith(bom)), b"")
    encoding = _BOMS.get(bom, "utf-8")
    try:
        text = content[len(bom) :].decode(encoding, "surrogateescape" if encoding == "utf-8" else "strict")
    except UnicodeDecodeError:
        raise InputError(f"{what} {path} is not in the encoding that its beginning says") from None
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        if "\0" in line:
            raise InputError(f"{what} {path}:{number} is not text")
        if line.strip():
            yield number, line.strip()
