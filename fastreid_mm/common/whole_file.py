"""Writing of files that appear under their name only when they are complete and on the disk."""

import os
from collections.abc import Callable
from pathlib import Path

from fastreid_mm.common.errors import InputError, first_line


class WriteError(InputError, OSError):
    """Error of a file that cannot be written, as on a full disk; the file that it was to replace is untouched."""


def write_whole(path: str, write: Callable[[str], object]) -> None:
    """Write a file whole or not at all: ``write`` gets a temporary name, which is flushed to the disk and renamed.

    Raises:
        WriteError: names the file and the reason, which is unknown if PyTorch fails with a ``RuntimeError``.
    """
    part = f"{path}.part"
    try:
        write(part)
        _flush(part)
        Path(part).replace(path)
        _flush(str(Path(path).parent))  # so that the new name outlives a power cut, too
    except (OSError, RuntimeError) as error:
        Path(part).unlink(missing_ok=True)
        reason = first_line(error) if isinstance(error, OSError) else "is the disk full?"
        raise WriteError(f"cannot write {path}: {reason}; what was saved before is untouched") from error


def write_text(path: str, text: str) -> None:
    """Write a text with :func:`write_whole`, and escape lone surrogates, as in names that are not UTF-8."""
    write_whole(path, lambda part: Path(part).write_text(text, encoding="utf-8", errors="backslashreplace"))


def _flush(path: str) -> None:
    """Flush a file or folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
