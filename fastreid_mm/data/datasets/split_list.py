"""Split files of a data set, with a line ``relative/path label`` for each image."""

import os
import re
from collections.abc import Iterable, Mapping

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.image_files import NUMBER, LeftOut, images_below, is_image, list_folder
from fastreid_mm.common.text_lines import read_lines

_SEPARATORS = " \t,;"
_LINE = re.compile(r"(?P<name>.+)[ \t,;](?P<label>[^ \t,;]+)")
"""Pattern of a name, which may have spaces, and a label."""


def read_split_list(path: str, folder: str, what: str, left_out: LeftOut) -> list[tuple[str, int]]:
    """Read the image paths and labels of a split file.

    Args:
        path: the path of the split file.
        folder: the folder of the data set, to which the paths in the file are relative.
        what: the data set, for messages.
        left_out: records images that are named a second time with the same label.

    Returns:
        The path, below ``folder``, and the label of every image, in the order of the file.

    Raises:
        InputError: the file is missing or empty, a line cannot be read, an image is missing or not in the folder, or an
            image has two labels.
    """
    lines = list(read_lines(path, f"{what}: split file"))
    if not lines:
        raise InputError(f"{what}: split file {path} is empty")
    labels: dict[str, int] = {}
    for number, line in lines:
        where = f"{path}:{number}"
        image, label = _image(line, folder, where, what)
        if image not in labels:
            labels[image] = label
        elif labels[image] == label:
            left_out.add(image, f"named a second time by {where}", harmless=True)
        else:
            raise InputError(f"{what}: {where} names {image} with label {label}, an earlier line with {labels[image]}")
    return list(labels.items())


def refuse_shared(lists: Mapping[str, Iterable[str]], what: str) -> None:
    """Refuse images that are in two lists, such as those of training and test.

    Args:
        lists: the paths of images by the name of their list.
        what: the data set, for the message.

    Raises:
        InputError: names the first such image and both lists.
    """
    seen: dict[str, str] = {}
    for name, paths in lists.items():
        for path in paths:
            if seen.setdefault(path, name) != name:
                raise InputError(f"{what}: {path} is in {seen[path]} and in {name}")


def look_beside(folder: str, named: Iterable[str], known: tuple[str, ...], left_out: LeftOut) -> None:
    """Record the files and folders in a set's folder that no list names.

    Args:
        folder: the folder of the data set.
        named: paths of the images in the lists.
        known: names of files and folders directly in it that serve other purposes.
        left_out: records the rest.
    """
    named = set(named)
    inside = {path[len(os.path.join(folder, "")) :].split(os.sep)[0] for path in named}
    folders, files = list_folder(folder, left_out, beside=known)
    images = [os.path.join(folder, name) for name in files]
    for name in folders:
        if name in inside:
            images += images_below(os.path.join(folder, name), left_out)
        else:
            left_out.add_folder(os.path.join(folder, name), "a folder that no list names")
    for path in images:
        if path not in named:
            left_out.add(path, "no list names it", harmless=True)


def _image(line: str, folder: str, where: str, what: str) -> tuple[str, int]:
    match = _LINE.fullmatch(line.rstrip(_SEPARATORS))
    label = _unquoted(match["label"]) if match else ""
    if match is None or not re.fullmatch(NUMBER, label):
        raise InputError(f"{what}: {where} is not 'relative/path label': {line[:200]!r}")
    name = _unquoted(match["name"].rstrip(_SEPARATORS))
    image = _inside(name, folder)
    if image is None:  # a split file must not lead out of the data set
        raise InputError(f"{what}: {where} leads out of {folder}: {name}")
    if not os.path.isfile(image):
        raise InputError(f"{what}: image {image} of {where} is missing")
    if not is_image(image):
        raise InputError(f"{what}: {image} of {where} is no image by its suffix")
    return image, int(label)


def _unquoted(word: str) -> str:
    return word[1:-1] if len(word) > 2 and word[0] == word[-1] and word[0] in "\"'" else word


def _inside(name: str, folder: str) -> str | None:
    """Return the path of a file by its name in a list, even with backslashes; None if it leads out of the folder."""
    parts = re.split(r"[/\\]", name)
    if ".." in parts or not parts[0] or re.fullmatch(r"[A-Za-z]:", parts[0]):
        return None
    as_written = os.path.join(folder, os.path.normpath(name))
    return as_written if os.path.isfile(as_written) else os.path.join(folder, os.path.normpath("/".join(parts)))
