"""Writing of checkpoints that appear under their name only when they are complete and on the disk."""

from functools import partial
from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend

from fastreid_mm.common.whole_file import write_whole

BACKEND = "whole_file"
"""Name of :class:`WholeFileBackend` in mmengine."""


class WholeFileBackend(LocalBackend):
    """Backend like mmengine's for local files, which writes them whole or not at all."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write a file under a temporary name, flush it to the disk and rename it.

        Raises:
            WriteError: The file cannot be written, as on a full disk. The file that it was to replace is untouched.
        """
        write_whole(str(filepath), partial(super().put, obj))


register_backend(BACKEND, WholeFileBackend, force=True)
