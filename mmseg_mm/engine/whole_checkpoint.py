"""Checkpoints that appear under their name when they are complete and on the disk, and the first that is whole."""

import logging
from collections.abc import Iterable
from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend
from mmengine.logging import print_log

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.whole_file import require_whole, write_whole

BACKEND = "whole_file"
"""The name of :class:`WholeFileBackend` in mmengine."""


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


def newest_whole(paths: Iterable[Path]) -> Path | None:
    """Return the first checkpoint that is not damaged, and warn of those before it."""
    for path in paths:
        try:
            require_whole(str(path))
        except InputError as error:
            print_log(f"checkpoint {error}; the one before it is used", "current", logging.WARNING)
        else:
            return path
    return None
