"""Image files of a folder, by one rule for every data set, gallery and tool. Standard library only.

Images are recognized by their suffix in any case, links are followed, files that operating systems leave behind are
ignored, and everything else is recorded in :class:`LeftOut`, so that it can be reported.
"""

import os
import re
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import translate

from fastreid_mm.common.console import printable
from fastreid_mm.common.errors import InputError

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
"""Suffixes of image files, in lower case."""

DROPPINGS = (".*", "thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "@eadir", "$recycle.bin", "*~")
"""Patterns, in lower case, of files that operating systems, servers and editors leave behind; "._x.jpg" is no image."""
_DROPPING = re.compile("|".join(map(translate, DROPPINGS)))


def is_image(name: str) -> bool:
    """Tell whether a name or path is that of an image: by its suffix, in any case, unless it is a dropping."""
    return os.path.splitext(name)[1].lower() in SUFFIXES and not is_dropping(name)


def is_dropping(name: str) -> bool:
    """Tell whether a name or path is that of a file left behind by an operating system: see :data:`DROPPINGS`."""
    return _DROPPING.match(os.path.basename(name).lower()) is not None


class Note(str):
    """Remark about a data set that is no problem; any other line is a problem."""


@dataclass
class LeftOut:
    """Record of the files and folders that are left out when folders are read.

    Attributes:
        found: a line for each of them, its path first and then the reason; a :class:`Note` if it is no loss.
        droppings: the number of files of operating systems that were ignored.
    """

    found: list[str] = field(default_factory=list)
    droppings: int = 0

    def add(self, path: str, reason: str, harmless: bool = False) -> None:
        """Record a file or folder that is left out, once.

        Args:
            path: its path.
            reason: the reason.
            harmless: whether it is no loss, as it is not an image that ought to be taken.
        """
        line = printable(f"{path} ({reason})")
        if line not in self._seen:
            self._seen.add(line)
            self.found.append(Note(line) if harmless else line)

    def add_folder(self, path: str, reason: str) -> None:
        """Record a folder that is left out, with the number of images below it; without images it is no loss."""
        try:
            images = len(images_below(path, LeftOut()))
        except InputError:
            self.add(path, f"{reason}; it cannot be read")
            return
        self.add(path, f"{reason}; images in it: {images}" if images else reason, harmless=not images)

    def __post_init__(self) -> None:
        self._seen = set(self.found)

    def __str__(self) -> str:
        """Return the number of lines and the first one, preferably of an image; empty if nothing is left out."""
        if not self.found:
            return ""
        first = next((line for line in self.found if not isinstance(line, Note)), self.found[0])
        return f"left out {len(self.found)}, the first: {first}"


def list_folder(
    folder: str, left_out: LeftOut, suffixes: tuple[str, ...] = SUFFIXES, beside: tuple[str, ...] = ()
) -> tuple[list[str], list[str]]:
    """List the folders and the images in a folder, each sorted by name; links are followed.

    Args:
        left_out: records every other file, and broken links.
        suffixes: the suffixes of images, in lower case.
        beside: names of files and folders that are expected there and skipped.

    Returns:
        The names of folders, and the names of images.

    Raises:
        InputError: the folder cannot be read.
    """
    folders, images = [], []
    try:
        with os.scandir(folder) as entries:
            ordered = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(f"folder {folder} cannot be read: {error.strerror}") from None
    for entry in ordered:
        if entry.name in beside:
            continue
        if is_dropping(entry.name):
            left_out.droppings += 1
        elif _leads_to(entry, os.DirEntry.is_dir):
            folders.append(entry.name)
        elif entry.is_symlink() and not os.path.exists(entry.path):
            left_out.add(entry.path, "a link that leads nowhere", harmless=not is_image(entry.name))
        elif os.path.splitext(entry.name)[1].lower() in suffixes and _leads_to(entry, os.DirEntry.is_file):
            images.append(entry.name)
        else:
            left_out.add(entry.path, "no image by its suffix", harmless=True)
    return folders, images


def images_in(folder: str, left_out: LeftOut) -> list[str]:
    """List the names of the images directly in a folder, sorted; folders in it are left out.

    Raises:
        InputError: the folder cannot be read.
    """
    folders, images = list_folder(folder, left_out)
    for name in folders:
        left_out.add_folder(os.path.join(folder, name), "a folder where images are")
    return images


def images_by_stem(folder: str, left_out: LeftOut) -> dict[str, str]:
    """Find the images directly in a folder by their names without suffix, sorted by name.

    Returns:
        Paths by the name without suffix.

    Raises:
        InputError: two images differ only in their suffix, or the folder cannot be read.
    """
    paths: dict[str, str] = {}
    for name in images_in(folder, left_out):
        path, stem = os.path.join(folder, name), os.path.splitext(name)[0]
        if stem in paths:
            raise InputError(f"{paths[stem]} and {path} are the same image by their names: remove one")
        paths[stem] = path
    return paths


def images_below(folder: str, left_out: LeftOut) -> list[str]:
    """List the paths of the images in a folder and all folders in it, sorted; links are followed.

    Each folder is read once, under its own name if it lies there, otherwise under that of the first link to it.

    Args:
        left_out: records files that are no images, and links to folders that were read already.

    Raises:
        InputError: a folder cannot be read.
    """
    below: list[str] = []
    read: dict[tuple[int, int], str] = {}
    folders, links = deque([folder]), deque[str]()
    while folders or links:
        path = folders.popleft() if folders else links.popleft()
        here = _identity(path)
        if here in read:
            left_out.add(path, f"the same folder as {read[here]}", harmless=True)
            continue
        read[here] = path
        inner, images = list_folder(path, left_out)
        below += (os.path.join(path, name) for name in images)
        for subfolder in (os.path.join(path, name) for name in inner):
            (links if os.path.islink(subfolder) else folders).append(subfolder)
    return sorted(below)


def _identity(folder: str) -> tuple[int, int]:
    """Return the device and inode of a folder, which are the same for all its paths."""
    try:
        status = os.stat(folder)
    except OSError as error:
        raise InputError(f"folder {folder} cannot be read: {error.strerror}") from None
    return status.st_dev, status.st_ino


NUMBER = "0*[0-9]{1,18}"
"""Pattern of a whole number that fits 64 bits, with or without leading zeros."""


def numbered_folders(folder: str, left_out: LeftOut, prefix: str = "", beside: tuple[str, ...] = ()) -> dict[int, str]:
    """Find the folders in a folder that are named by a number, such as "8" or "0008".

    Args:
        left_out: records the files there, and folders with other names.
        prefix: a word before the number, in any case: "cam" of "cam1", "Cam01".

    Returns:
        Paths by number, in the order of the numbers.

    Raises:
        InputError: two folders have the same number, or the folder cannot be read.
    """
    paths: dict[int, str] = {}
    for path, name in _folders_in(folder, left_out, beside):
        match = re.fullmatch(rf"{prefix}({NUMBER})", name, re.IGNORECASE)
        if match is None:
            left_out.add_folder(path, f"no folder of the name {prefix}NUMBER")
        elif int(match[1]) in paths:
            raise InputError(f"{paths[int(match[1])]} and {path} have the same number")
        else:
            paths[int(match[1])] = path
    return dict(sorted(paths.items()))


def named_folders(folder: str, names: Iterable[str], left_out: LeftOut, beside: tuple[str, ...] = ()) -> dict[str, str]:
    """Find the folders with some names in a folder, in any case: "rgb" for "RGB".

    Args:
        names: the names of the folders.
        left_out: records the files there, and folders with other names.

    Returns:
        Paths of the folders that exist by their names as in ``names``.

    Raises:
        InputError: the names of two folders differ only in case, or the folder cannot be read.
    """
    wanted = {name.lower(): name for name in names}
    paths: dict[str, str] = {}
    for path, spelling in _folders_in(folder, left_out, beside):
        name = wanted.get(spelling.lower())
        if name is None:
            left_out.add_folder(path, f"none of the folders {', '.join(wanted.values())}")
        elif name in paths:
            raise InputError(f"{paths[name]} and {path} have the same name")
        else:
            paths[name] = path
    return paths


def _folders_in(folder: str, left_out: LeftOut, beside: tuple[str, ...]) -> Iterable[tuple[str, str]]:
    """List the paths and names of the folders in a folder that should contain no images."""
    folders, images = list_folder(folder, left_out, beside=beside)
    for name in images:
        left_out.add(os.path.join(folder, name), "an image where folders are")
    return [(os.path.join(folder, name), name) for name in folders]


def _leads_to(entry: os.DirEntry, kind: Callable[[os.DirEntry], bool]) -> bool:
    try:
        return kind(entry)
    except OSError:  # a link to itself
        return False
