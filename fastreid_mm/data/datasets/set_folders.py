"""The folders of a data set as it is unpacked, by one rule for all sets, and what lies there besides."""

import logging
import os
from collections.abc import Iterable

from fastreid.utils.logger import log_first_n

from fastreid_mm.common.errors import InputError, listed
from fastreid_mm.common.image_files import LeftOut, list_folder, named_folders, numbered_folders

MADE = "made.json"
"""What ``tools/prepare`` keeps beside the content of a set it has made."""


def require_folder(path: str, what: str) -> str:
    """Return ``path``, or raise :class:`InputError` if it is not a folder."""
    if not os.path.isdir(path):
        raise InputError(
            f"{what}: folder {os.path.abspath(path)} is missing; "
            "set FASTREID_DATASETS to the folder that holds the data sets"
        )
    return path


def require_named(
    folder: str, names: Iterable[str], known: Iterable[str], left_out: LeftOut, what: str, beside: tuple[str, ...] = ()
) -> dict[str, str]:
    """Find folders by their names, in any case.

    Args:
        folder: where they are.
        names: of those that must be there.
        known: names of others that may be there.
        left_out: gets whatever else is there.
        what: the data set, for messages.
        beside: names of other files and folders that belong there.

    Returns:
        Name to path.

    Raises:
        InputError: one of them is missing, or there twice in different case.
    """
    names = tuple(names)
    found = named_folders(require_folder(folder, what), dict.fromkeys([*names, *known]), left_out, beside)
    _require(folder, [name for name in names if name not in found], what)
    return {name: found[name] for name in names}


def require_cameras(
    folder: str, cameras: Iterable[int], left_out: LeftOut, what: str, beside: tuple[str, ...] = ()
) -> dict[int, str]:
    """Find the folders ``cam1`` and its like, also as ``Cam01``.

    Arguments are those of :func:`require_named`, with the numbers of cameras in the place of names.

    Raises:
        InputError: one of them is missing, or there twice.
    """
    cameras = tuple(cameras)
    found = numbered_folders(require_folder(folder, what), left_out, "cam", beside)
    _require(folder, [f"cam{camera}" for camera in cameras if camera not in found], what)
    for camera, path in found.items():
        if camera not in cameras:
            left_out.add_folder(path, f"no camera of {what} here")
    return {camera: found[camera] for camera in cameras}


def _require(folder: str, missing: list[str], what: str) -> None:
    if missing:
        there = list_folder(folder, LeftOut())[0]
        others = f"; there are {listed([repr(name) for name in there], 12, ', ')}" if there else ""
        raise InputError(f"{what}: folder {os.path.join(os.path.abspath(folder), missing[0])} is missing{others}")


def warn_of_left_out(left_out: LeftOut, what: str) -> None:
    """Say how much is left out of a set and the first of it; once, as a set is built several times in a run."""
    if left_out.found:
        log_first_n(logging.WARNING, f"{what}: {left_out}", name="fastreid.mm", key="message")
