"""Folders of an unpacked data set, by one rule for all sets, and the other files and folders there."""

import os
from collections.abc import Iterable

from fastreid_mm.common.errors import InputError, listed
from fastreid_mm.common.image_files import LeftOut, list_folder, named_folders, numbered_folders
from fastreid_mm.common.warn_once import warn_once

MADE = "made.json"
"""Name of the record that ``tools/prepare`` writes into the folder of a set that it makes."""


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
        folder: the folder that they are in.
        names: the names of folders that must be there.
        known: names of folders that may be there, too.
        left_out: records everything else there.
        what: the data set, for messages.
        beside: names of other files and folders that belong there.

    Returns:
        Paths by name.

    Raises:
        InputError: a folder is missing, or there are two whose names differ only in case.
    """
    names = tuple(names)
    paths = named_folders(require_folder(folder, what), dict.fromkeys([*names, *known]), left_out, beside)
    _require(folder, [name for name in names if name not in paths], what)
    return {name: paths[name] for name in names}


def require_cameras(
    folder: str, cameras: Iterable[int], left_out: LeftOut, what: str, beside: tuple[str, ...] = ()
) -> dict[int, str]:
    """Find the folders of cameras, such as ``cam1`` or ``Cam01``.

    Arguments are those of :func:`require_named`, with the numbers of cameras instead of names.

    Raises:
        InputError: a folder is missing, or there are two of a camera.
    """
    cameras = tuple(cameras)
    paths = numbered_folders(require_folder(folder, what), left_out, "cam", beside)
    _require(folder, [f"cam{camera}" for camera in cameras if camera not in paths], what)
    for camera, path in paths.items():
        if camera not in cameras:
            left_out.add_folder(path, f"no camera of {what} here")
    return {camera: paths[camera] for camera in cameras}


def _require(folder: str, missing: list[str], what: str) -> None:
    if missing:
        present = list_folder(folder, LeftOut())[0]
        others = f"; there are {listed([repr(name) for name in present], 12, ', ')}" if present else ""
        raise InputError(f"{what}: folder {os.path.join(os.path.abspath(folder), missing[0])} is missing{others}")


def warn_of_left_out(left_out: LeftOut, what: str) -> None:
    """Warn of the files and folders left out of a set; once, as a set is built several times in a run."""
    if left_out.found:
        warn_once(f"{what}: {left_out}")
