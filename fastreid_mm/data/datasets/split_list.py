"""Split files of a data set: a line an image, ``relative/path label``."""

import os

from fastreid_mm.errors import InputError


def read_split_list(path: str, folder: str, what: str) -> list[tuple[str, int]]:
    """Read the image paths and labels of a split file.

    Args:
        path: of the split file.
        folder: of the data set, that the paths in the file are relative to.
        what: the data set, for messages.

    Returns:
        The path, below ``folder``, and the label of every image, in the order of the file.

    Raises:
        InputError: the file is missing or empty, a line cannot be read, or an image is missing or not in the folder.
    """
    if not os.path.isfile(path):
        raise InputError(f"{what}: split file {path} is missing")
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = [(number, line.strip()) for number, line in enumerate(file, 1) if line.strip()]
    if not lines:
        raise InputError(f"{what}: split file {path} is empty")
    return [_image(line, folder, f"{path}:{number}", what) for number, line in lines]


def _image(line: str, folder: str, where: str, what: str) -> tuple[str, int]:
    name, _, label = line.rpartition(" ")
    if not name or not label.isdigit():
        raise InputError(f"{what}: {where} is not 'relative/path label': {line!r}")
    image = os.path.join(folder, name)
    # a split file must not lead out of the data set
    if not os.path.realpath(image).startswith(os.path.realpath(folder) + os.sep):
        raise InputError(f"{what}: {where} leads out of {folder}: {name}")
    if not os.path.isfile(image):
        raise InputError(f"{what}: image {image} of {where} is missing")
    return image, int(label)
