"""Decide which files of a folder are images, by one rule for every data set, gallery and tool. Standard library only.

Images are known by their suffix in any case, links are followed, files that operating systems leave behind are ignored,
and everything else is written down in :class:`LeftOut`, so that it can be told.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from fastreid_mm.errors import InputError

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
"""Of image files, in lower case."""

DROPPINGS = (".*", "thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "@eadir", "$recycle.bin", "*~")
"""Names, in lower case, of what operating systems, file servers and editors leave behind; "._x.jpg" is no image."""


def is_image(name: str) -> bool:
    """Tell whether a file is an image by its name or path: by its suffix, in any case, unless it is a dropping."""
    return os.path.splitext(name)[1].lower() in SUFFIXES and not is_dropping(name)


def is_dropping(name: str) -> bool:
    """Tell whether a name, or the last part of a path, is that of something left behind by an operating system."""
    last = os.path.basename(name).lower()
    return any(fnmatchcase(last, pattern) for pattern in DROPPINGS)


@dataclass
class LeftOut:
    """What a reader leaves out of the folders it reads.

    Attributes:
        found: a line for each thing left out, its path first and then the reason.
        droppings: how many files of operating systems were ignored.
    """

    found: list[str] = field(default_factory=list)
    droppings: int = 0

    def add(self, path: str, reason: str) -> None:
        """Write down one thing that is left out, once."""
        line = f"{path} ({reason})"
        if line not in self._seen:
            self._seen.add(line)
            self.found.append(line)

    def __post_init__(self) -> None:
        self._seen = set(self.found)

    def __str__(self) -> str:
        """How many things are left out and the first of them; empty if nothing is."""
        return f"left out {len(self.found)}, the first: {self.found[0]}" if self.found else ""


def list_folder(folder: str, left_out: LeftOut, suffixes: tuple[str, ...] = SUFFIXES) -> tuple[list[str], list[str]]:
    """List the folders and the images in a folder, each sorted by name; links count as what they lead to.

    Args:
        folder: its path.
        left_out: gets every other file, and links that lead nowhere.
        suffixes: of images, in lower case.

    Returns:
        Names of folders, and names of images.

    Raises:
        InputError: the folder cannot be read.
    """
    folders, images = [], []
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(f"folder {folder} cannot be read: {error.strerror}") from None
    for entry in found:
        if is_dropping(entry.name):
            left_out.droppings += 1
        elif _leads_to_folder(entry):
            folders.append(entry.name)
        elif not os.path.exists(entry.path):
            left_out.add(entry.path, "a link that leads nowhere")
        elif os.path.splitext(entry.name)[1].lower() in suffixes and os.path.isfile(entry.path):
            images.append(entry.name)
        else:
            left_out.add(entry.path, "no image by its suffix")
    return folders, images


def images_in(folder: str, left_out: LeftOut) -> list[str]:
    """List the names of the images directly in a folder, sorted; folders in it are left out, too.

    Raises:
        InputError: the folder cannot be read.
    """
    folders, images = list_folder(folder, left_out)
    for name in folders:
        left_out.add(os.path.join(folder, name), "a folder where images are")
    return images


def images_below(folder: str, left_out: LeftOut) -> list[str]:
    """List the paths of the images in a folder and all folders in it, sorted; links are followed.

    Args:
        folder: its path.
        left_out: gets whatever is no image, and links that lead back to a folder they are in.

    Raises:
        InputError: a folder cannot be read.
    """
    return sorted(_images_below(folder, left_out, frozenset()))


def _images_below(folder: str, left_out: LeftOut, above: frozenset[tuple[int, int]]) -> Iterable[str]:
    status = os.stat(folder)
    here = (status.st_dev, status.st_ino)
    if here in above:
        left_out.add(folder, "a link to a folder that it is in")
        return
    folders, images = list_folder(folder, left_out)
    yield from (os.path.join(folder, name) for name in images)
    for name in folders:
        yield from _images_below(os.path.join(folder, name), left_out, above | {here})


def numbered_folders(folder: str, left_out: LeftOut, prefix: str = "") -> dict[int, str]:
    """Find the folders in a folder that are named by a number, whether as "8" or as "0008".

    Args:
        folder: its path.
        left_out: gets the files there, and folders of other names.
        prefix: before the number, in any case: "cam" of "cam1", "Cam01".

    Returns:
        Number to path, in the order of the numbers.

    Raises:
        InputError: two folders have the same number, or the folder cannot be read.
    """
    folders, images = list_folder(folder, left_out)
    for name in images:
        left_out.add(os.path.join(folder, name), "an image where folders are")
    found: dict[int, str] = {}
    for name in folders:
        path, match = os.path.join(folder, name), re.fullmatch(rf"{prefix}([0-9]+)", name, re.IGNORECASE)
        if match is None:
            left_out.add(path, f"no folder of the name {prefix}NUMBER")
        elif int(match[1]) in found:
            raise InputError(f"{found[int(match[1])]} and {path} have the same number")
        else:
            found[int(match[1])] = path
    return dict(sorted(found.items()))


def _leads_to_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False
