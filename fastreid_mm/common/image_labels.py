"""Labels of images by their paths: named groups of a pattern, or the names of folders and files. Standard library only.

Both give the columns of a table of images: identity, camera, modality, split and sample.
"""

import re
from collections.abc import Iterable

Labels = dict[str, str]
"""Text by column."""

SPLITS = {"train": "train", "training": "train", "query": "query", "probe": "query", "gallery": "gallery"}
SPLITS |= {"test": "test", "testing": "test"}
"""Word in a path to the split that it means."""
_VISIBLE = ("visible", "vis", "rgb", "color", "colour")
_INFRARED = ("infrared", "ir", "thermal", "nir", "tir", "ni", "ti", "th", "lwir", "mwir", "swir")
MODALITIES = {**dict.fromkeys(_VISIBLE, "visible"), **dict.fromkeys(_INFRARED, "infrared")}
"""Word in a path or a table to the modality that it means."""
_CAMERA = re.compile(r"(?:^|[^a-z])c(?:am(?:era)?)?[_-]?(\d+)", re.IGNORECASE)
_CAMERA_FOLDER = re.compile(r"cam(?:era)?[_-]?(\w+)", re.IGNORECASE)
_LEADING_NUMBER = re.compile(r"(-1|\d+)[_-]")


def labels_by_pattern(paths: Iterable[str], pattern: re.Pattern) -> dict[str, Labels]:
    """Read the labels of images from the named groups of a pattern, searched for in paths relative to a folder.

    Returns:
        The text of each group, empty for groups that take no part, by path; paths without a match are left out.
    """
    matches = {path: pattern.search(path) for path in paths}
    return {
        path: {name: text or "" for name, text in match.groupdict().items()} for path, match in matches.items() if match
    }


def labels_by_names(paths: Iterable[str]) -> dict[str, Labels]:
    """Guess the labels of images from the names of their folders and files, in paths relative to a folder, with "/".

    A split is a word of a folder's name; a modality or camera is a word of a folder's or file's name; the identity is
    the innermost folder that says nothing else, or the number that a file's name begins with, if there is no such
    folder or but one. A sample is what is left of the path without the modality.

    Returns:
        The labels that were found, by path; the modality as the path spells it.

    Example:
        >>> labels_by_names(["train/RGB/0002_c1_01.jpg"])["train/RGB/0002_c1_01.jpg"]
        {'split': 'train', 'modality': 'RGB', 'camera': '1', 'identity': '0002', 'sample': 'train/0002_c1_01'}
    """
    found = {path: _of_path(path) for path in paths}
    if len({folder for _, folder in found.values()} - {""}) < 2:  # one folder of all images is nobody's
        found = {path: (labels, "") for path, (labels, _) in found.items()}
    whole = {}
    for path, (labels, folder) in found.items():
        number = _LEADING_NUMBER.match(path.rsplit("/", 1)[-1])
        identity = folder or (number[1] if number else "")
        kept = {"identity": identity} if identity else {}
        whole[path] = {name: text for name, text in labels.items() if name != "sample"} | kept
        whole[path]["sample"] = labels["sample"]
    if {"query", "test"} <= (splits := {labels.get("split", "") for labels in whole.values()}) - {"gallery"} == splits:
        for labels in whole.values():  # Market-1501's bounding_box_test beside query
            labels |= {"split": "gallery"} if labels.get("split") == "test" else {}
    return whole


def _of_path(path: str) -> tuple[Labels, str]:
    """Return the labels that single names say, and the innermost folder that says nothing else."""
    *folders, name = path.rsplit(".", 1)[0].split("/")
    labels: Labels = {}
    left, person = [], ""
    for folder in folders:
        split, modality, camera = _word(folder, SPLITS), _word(folder, MODALITIES), _CAMERA_FOLDER.fullmatch(folder)
        labels |= {"split": SPLITS[split.lower()]} if split else {}
        labels |= {"modality": modality} if modality else {}
        labels |= {"camera": camera[1]} if camera else {}
        left.append(folder.replace(modality, "") if modality else folder)
        person = person if split or modality or camera else folder
    modality = _word(name, MODALITIES)
    if modality and "modality" not in labels:
        labels["modality"] = modality
        name = name.replace(modality, "")
    camera = _CAMERA.search(name)
    if camera and "camera" not in labels:
        labels["camera"] = camera[1]
    labels["sample"] = "/".join(part for part in [*left, name] if part)
    return labels, person


def _word(name: str, known: Iterable[str]) -> str:
    """Return the first word of a name that is known, as it is spelled there; empty if there is none."""
    return next((word for word in re.findall("[A-Za-z]+", name) if word.lower() in known), "")
