"""Checks that output can be written, before a command begins instead of when its work is done."""

import os
from pathlib import Path

from fastreid_mm.common.errors import InputError


def require_place(path: Path, option: str, make: bool = False) -> None:
    """Refuse the path of a file that cannot be written.

    Raises:
        InputError: names the option and the path: it is a folder, or its folder does not exist or is not writable.
    """
    folder = path.absolute().parent
    if make:
        make_folder(folder, option)
    if not folder.is_dir():
        raise InputError(f"no such folder for {option}: {folder}")
    if path.is_dir():
        raise InputError(f"{option} {path} is a folder, the name of a file is needed")
    if not os.access(folder, os.W_OK):
        raise InputError(f"{option}: folder {folder} cannot be written to")


def make_folder(folder: Path, option: str) -> None:
    """Make a folder with its parents, if there is none.

    Raises:
        InputError: names the option and the path.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{option}: folder {folder} cannot be made: {error.strerror}") from None
