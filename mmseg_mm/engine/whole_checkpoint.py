"""Checkpoints that appear under their name when they are complete and on the disk, and the newest that is whole."""

import logging
from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend
from mmengine.logging import print_log

from fastreid_mm.errors import InputError
from fastreid_mm.whole_file import require_whole, write_whole

BACKEND = "whole_file"
"""The name of :class:`WholeFileBackend` in mmengine."""
NAMES = ("epoch_*.pth", "iter_*.pth")


class WholeFileBackend(LocalBackend):
    """mmengine's local files, written whole or not at all."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write a file under a temporary name, flush it to the disk and rename it.

        Raises:
            InputError: The file cannot be written, as on a full disk. What it was to replace is untouched.
        """

        def write(part: str) -> None:
            Path(part).parent.mkdir(parents=True, exist_ok=True)
            Path(part).write_bytes(obj)

        write_whole(str(filepath), write)


register_backend(BACKEND, WholeFileBackend, force=True)


def checkpoints(folder: str) -> list[Path]:
    """Return the checkpoints in a folder: the one that is written down as the last, then all others from the newest."""
    note = Path(folder) / "last_checkpoint"
    last = [Path(note.read_text().strip())] if note.is_file() else []
    found = [path for name in NAMES for path in Path(folder).glob(name)]
    found.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
    return [path for path in last if path.is_file()] + [path for path in found if path not in last]


def newest_whole_checkpoint(folder: str) -> Path | None:
    """Return the newest checkpoint that is not damaged, and warn of those that are."""
    for path in checkpoints(folder):
        try:
            require_whole(str(path))
        except InputError as error:
            print_log(f"checkpoint {error}; the one before it is used", "current", logging.WARNING)
        else:
            return path
    return None
