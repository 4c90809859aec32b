"""Folders with a training in them, known by the files that it has left, which are refused to another."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from fastreid_mm.common.errors import InputError, listed

LAST = "last_checkpoint"
"""The file in which both hosts note the newest checkpoint."""


def files_in(folder: str | Path, patterns: Iterable[str]) -> list[Path]:
    """List the files in a folder whose names match any of some patterns, each once."""
    paths = (path for pattern in patterns for path in sorted(Path(folder).glob(pattern)))
    return [path for path in dict.fromkeys(paths) if path.is_file() or path.is_symlink()]


def refuse_used(used: str, names: Sequence[str], option: str, resuming: str = "--resume goes on with it") -> None:
    """Refuse a folder in which a training has left something.

    Args:
        used: the folder and what it has, in words.
        names: of the files that were left; none if the folder is free.
        option: by which another folder is given.
        resuming: what ``--resume`` would do.

    Raises:
        InputError: names the folder and the files.
    """
    if names:
        raise InputError(
            f"{used} ({listed(names, 3, ', ')}): {resuming}, --overwrite deletes it, another {option} leaves it alone"
        )
