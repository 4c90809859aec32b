"""Decide which files of a folder are images, by one rule for every data set, gallery and tool. Standard library only.

Images are known by their suffix in any case, links are followed, files that operating systems leave behind are ignored,
and everything else is written down in :class:`LeftOut`, so that it can be told.
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
"""Of image files, in lower case."""

DROPPINGS = (".*", "thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "@eadir", "$recycle.bin", "*~")
"""Names, in lower case, of what operating systems, file servers and editors leave behind; "._x.jpg" is no image."""
_DROPPING = re.compile("|".join(map(translate, DROPPINGS)))


def is_image(name: str) -> bool:
    """Tell whether a file is an image by its name or path: by its suffix, in any case, unless it is a dropping."""
    return os.path.splitext(name)[1].lower() in SUFFIXES and not is_dropping(name)


def is_dropping(name: str) -> bool:
    """Tell whether a name, or the last part of a path, is that of something left behind by an operating system."""
    return _DROPPING.match(os.path.basename(name).lower()) is not None


class Note(str):
    """A line about a data set that says nothing is wrong with it; any other line is a problem."""


@dataclass
class LeftOut:
    """What a reader leaves out of the folders it reads.

    Attributes:
        found: a line for each thing left out, its path first and then the reason; a :class:`Note` where it is no loss.
        droppings: how many files of operating systems were ignored.
    """

    found: list[str] = field(default_factory=list)
    droppings: int = 0

    def add(self, path: str, reason: str, harmless: bool = False) -> None:
        """Write down one thing that is left out, once.

        Args:
            path: of it.
            reason: why.
            harmless: it is no image that ought to be taken.
        """
        line = printable(f"{path} ({reason})")
        if line not in self._seen:
            self._seen.add(line)
            self.found.append(Note(line) if harmless else line)

    def add_folder(self, path: str, reason: str) -> None:
        """Write down a folder that is left out, and how many images are below it; without any it is no loss."""
        try:
            images = len(images_below(path, LeftOut()))
        except InputError:
            self.add(path, f"{reason}; it cannot be read")
            return
        self.add(path, f"{reason}; images in it: {images}" if images else reason, harmless=not images)

    def __post_init__(self) -> None:
        self._seen = set(self.found)

    def __str__(self) -> str:
        """How many things are left out and the first of them, of images if there are such; empty if nothing is."""
        if not self.found:
            return ""
        first = next((line for line in self.found if not isinstance(line, Note)), self.found[0])
        return f"left out {len(self.found)}, the first: {first}"


def list_folder(
    folder: str, left_out: LeftOut, suffixes: tuple[str, ...] = SUFFIXES, beside: tuple[str, ...] = ()
) -> tuple[list[str], list[str]]:
    """List the folders and the images in a folder, each sorted by name; links count as what they lead to.

    Args:
        folder: its path.
        left_out: gets every other file, and links that lead nowhere.
        suffixes: of images, in lower case.
        beside: names of files and folders that are known to lie there, and are none of the folders and images.

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
    """List the names of the images directly in a folder, sorted; folders in it are left out, too.

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
        Name without suffix to path.

    Raises:
        InputError: two images differ in their suffix alone, or the folder cannot be read.
    """
    found: dict[str, str] = {}
    for name in images_in(folder, left_out):
        path, stem = os.path.join(folder, name), os.path.splitext(name)[0]
        if stem in found:
            raise InputError(f"{found[stem]} and {path} are the same image by their names: remove one")
        found[stem] = path
    return found


def images_below(folder: str, left_out: LeftOut) -> list[str]:
    """List the paths of the images in a folder and all folders in it, sorted; links are followed.

    Each folder is read once, under its own name if it is there and else that of the first link to it.

    Args:
        folder: its path.
        left_out: gets whatever is no image, and links to folders that are read already, as that which it is in.

    Raises:
        InputError: a folder cannot be read.
    """
    found: list[str] = []
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
        found += (os.path.join(path, name) for name in images)
        for below in (os.path.join(path, name) for name in inner):
            (links if os.path.islink(below) else folders).append(below)
    return sorted(found)


def _identity(folder: str) -> tuple[int, int]:
    """The device and the number of a folder, whatever its path."""
    try:
        status = os.stat(folder)
    except OSError as error:
        raise InputError(f"folder {folder} cannot be read: {error.strerror}") from None
    return status.st_dev, status.st_ino


NUMBER = "0*[0-9]{1,18}"
"""Pattern of a whole number that fits 64 bits, with or without leading zeros."""


def numbered_folders(folder: str, left_out: LeftOut, prefix: str = "", beside: tuple[str, ...] = ()) -> dict[int, str]:
    """Find the folders in a folder that are named by a number, whether as "8" or as "0008".

    Args:
        folder: its path.
        left_out: gets the files there, and folders of other names.
        prefix: before the number, in any case: "cam" of "cam1", "Cam01".
        beside: see :func:`list_folder`.

    Returns:
        Number to path, in the order of the numbers.

    Raises:
        InputError: two folders have the same number, or the folder cannot be read.
    """
    found: dict[int, str] = {}
    for path, name in _folders_in(folder, left_out, beside):
        match = re.fullmatch(rf"{prefix}({NUMBER})", name, re.IGNORECASE)
        if match is None:
            left_out.add_folder(path, f"no folder of the name {prefix}NUMBER")
        elif int(match[1]) in found:
            raise InputError(f"{found[int(match[1])]} and {path} have the same number")
        else:
            found[int(match[1])] = path
    return dict(sorted(found.items()))


def named_folders(folder: str, names: Iterable[str], left_out: LeftOut, beside: tuple[str, ...] = ()) -> dict[str, str]:
    """Find the folders of some names in a folder, in any case: "rgb" for "RGB".

    Args:
        folder: its path.
        names: of the folders.
        left_out: gets the files there, and folders of other names.
        beside: see :func:`list_folder`.

    Returns:
        Name, as asked for, to path, of those that there are.

    Raises:
        InputError: two folders have the same name but for its case, or the folder cannot be read.
    """
    wanted = {name.lower(): name for name in names}
    found: dict[str, str] = {}
    for path, there in _folders_in(folder, left_out, beside):
        name = wanted.get(there.lower())
        if name is None:
            left_out.add_folder(path, f"none of the folders {', '.join(wanted.values())}")
        elif name in found:
            raise InputError(f"{found[name]} and {path} have the same name")
        else:
            found[name] = path
    return found


def _folders_in(folder: str, left_out: LeftOut, beside: tuple[str, ...]) -> Iterable[tuple[str, str]]:
    """Path and name of the folders in a folder where no images are."""
    folders, images = list_folder(folder, left_out, beside=beside)
    for name in images:
        left_out.add(os.path.join(folder, name), "an image where folders are")
    return [(os.path.join(folder, name), name) for name in folders]


def _leads_to(entry: os.DirEntry, kind: Callable[[os.DirEntry], bool]) -> bool:
    try:
        return kind(entry)
    except OSError:  # a link to itself
        return False
