"""Changed file names and layouts of every Re-ID set: every image must be read correctly, reported or refused."""

import os
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fastreid_mm.common.console import printable
from fastreid_mm.common.warn_once import warn_once
from fuzzing.campaign import Try, messages
from fuzzing.layouts import LAYOUTS, Meaning, Tree

SUFFIXES = (".JPG", ".jpeg", ".Png", ".BMP", ".tif", ".WEBP", ".ppm")
OTHERS = (".gz", ".txt", ".jpg.part", "", ".jpgx", ".mat")
DROPPINGS = ("Thumbs.db", ".DS_Store", "._0001.jpg", "desktop.ini", "0001.jpg~", "@eaDir")
STRAYS = ("notes.txt", "a\nb.txt", "list.csv", "caf\udce9.txt", "a b.md", "0001", "x.json", "行人.mat")
SEVERAL = ("RGBNT201", "Market1501MM", "MSVR310")
"""Sets whose samples have three files."""


def tries(rng: random.Random, folder: Path) -> Iterator[Try]:
    """Change a tree in one or two ways, and build its set."""
    while True:
        tree, change = rng.choice(LAYOUTS)(), rng.choice(CHANGES)
        tree.follow = rng.random() < 0.7
        change(tree, rng)
        if tree.images() and rng.random() < 0.3:
            rng.choice(CHANGES)(tree, rng)
        with TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as root:
            tree.write(root)
            yield Try({change.__name__.replace("_", " "): partial(check, tree, root)}, tree.name)


def build(tree: Tree, root: str) -> tuple[Any, list[str]]:
    """Build the set of a tree, and return it with the messages about it."""
    from fastreid_mm.data import datasets

    warn_once.cache_clear()  # messages that are given once are given once in each try
    with messages() as said:
        return getattr(datasets, tree.name)(root=root), said


def check(tree: Tree, root: str) -> list[str]:
    """Build the set, compare it with the meaning of its files, and return the lines on those that are left out.

    Raises:
        AssertionError: an image is read wrongly, twice, or neither read nor reported.
    """
    dataset, said = build(tree, root)
    base, lines = os.path.join(root, tree.folder), dataset.left_out.found
    if lines and not any(f"left out {len(lines)}" in each for each in said):
        raise AssertionError(f"nothing is said of {lines[0]}")
    taken = _taken(dataset)
    if len({os.path.splitext(path)[0] for path in taken}) < len(taken):
        raise AssertionError("two images of one sample are taken")
    for path, meanings in taken.items():
        meaning = tree.files.get(os.path.relpath(path, base))
        if meanings != {meaning}:
            raise AssertionError(f"{path} is {meanings}, not {meaning}")
    named = {re.sub(r" \([^(]*\)$", "", line) for line in lines}
    lacking = any("missing files" in each and "not trained on" in each for each in said)
    paths = [*tree.files, *tree.dead]
    rest = [path for path in paths if not _need_not(tree, path) and not _is_named(path, base, named)]
    whole = Counter(_sample(path, tree.files[path]) for path in rest if tree.files.get(path))
    for path in rest:
        meaning, needs = tree.files.get(path), 3 if tree.name in SEVERAL else 1
        left = lacking and meaning and meaning.part == "train" and whole[_sample(path, meaning)] < needs
        if os.path.join(base, path) not in taken and not left and os.path.lexists(os.path.join(base, path)):
            raise AssertionError(f"{path} ({meaning}) is neither read nor reported")
    return lines


def _is_named(path: str, base: str, named: set[str]) -> bool:
    """Tell whether a file, or a folder that contains it, is named as left out."""
    parts = path.split("/")
    return any(printable(os.path.join(base, *parts[:depth])) in named for depth in range(1, len(parts) + 1))


def _sample(path: str, meaning: Meaning | None) -> tuple[object, str]:
    """Return what the files of an aligned sample have in common."""
    return meaning and meaning.part, os.path.splitext(os.path.basename(path))[0]


def _taken(dataset: Any) -> dict[str, set[Meaning]]:
    """Return the meanings of every file in the set by path; images in query and gallery count as gallery."""
    taken: dict[str, set[Meaning]] = {}
    parts = ("train", "gallery") if dataset.query == dataset.gallery else ("train", "query", "gallery")
    for part in parts:
        for item in getattr(dataset, part):
            for number, source in enumerate(item.sources):
                if source is not None:
                    modality = 0 if source.box else number
                    taken.setdefault(source.path, set()).add(Meaning(part, item.pid, item.camid, modality))
            if not item.sources:
                taken.setdefault(item.img_path, set()).add(Meaning(part, item.pid, item.camid, item.modality))
    return taken


def _need_not(tree: Tree, path: str) -> bool:
    """Tell whether a reader has no reason to read or to name a file."""
    ignored = any(part.startswith(".") or part.endswith("~") or part in DROPPINGS for part in path.split("/"))
    return ignored or path == "made.json" or path.startswith(tuple(tree.unlisted))


def _some(tree: Tree, rng: random.Random) -> list[str]:
    """Choose one, some or all images."""
    images = tree.images()
    return rng.sample(images, rng.choice((1, min(5, len(images)), len(images))))


def other_suffixes(tree: Tree, rng: random.Random) -> None:
    """Give images other suffixes of images."""
    for path in _some(tree, rng):
        tree.move(path, os.path.splitext(path)[0] + rng.choice(SUFFIXES))


def no_suffixes(tree: Tree, rng: random.Random) -> None:
    """Give images suffixes that no image has."""
    for path in _some(tree, rng):
        tree.move(path, os.path.splitext(path)[0] + rng.choice(OTHERS))


def zeros(tree: Tree, rng: random.Random) -> None:
    """Write numbers of folders and files with fewer or more leading zeros."""
    for path in rng.choice((tree.folders(), _some(tree, rng))):
        head, name = os.path.split(path)
        number = re.search(r"(?<![0-9])0*([1-9][0-9]*)", name)
        if number and path in {*tree.folders(), *tree.files} and rng.random() < 0.7:
            digits = "0" * rng.choice((0, 0, 1, 5)) + number[1]
            renamed = name[: number.start()] + digits + name[number.end() :]
            if os.path.join(head, renamed) not in {*tree.folders(), *tree.files}:
                tree.move(path, os.path.join(head, renamed))


def strays(tree: Tree, rng: random.Random) -> None:
    """Add files that are no images anywhere."""
    for _ in range(rng.choice((1, 1, 5))):
        path = os.path.join(rng.choice([*tree.folders(), ""]), rng.choice(STRAYS))
        if path not in tree.folders():
            tree.files.setdefault(path, None)


def droppings(tree: Tree, rng: random.Random) -> None:
    """Add files that operating systems leave behind."""
    for _ in range(rng.choice((1, 5, 20))):
        tree.files.setdefault(os.path.join(rng.choice([*tree.folders(), ""]), rng.choice(DROPPINGS)), None)


def links(tree: Tree, rng: random.Random) -> None:
    """Replace images and folders by links to another disk."""
    tree.links |= set(rng.sample([*tree.folders(), *tree.files], rng.choice((1, 3, 10))))


def dead_links(tree: Tree, rng: random.Random) -> None:
    """Replace images by links that lead nowhere, and add such links."""
    path = rng.choice(tree.images())
    if rng.random() < 0.5:
        tree.dead.add(f"{os.path.dirname(path)}/{rng.choice(('0099.jpg', 'gone', '0099'))}")
    else:
        tree.drop(path)
        tree.dead.add(path)


def loops(tree: Tree, rng: random.Random) -> None:
    """Add links to the folder that they are in, or the one above."""
    tree.loops.add(os.path.join(rng.choice(tree.folders()), rng.choice(("loop", "0077", "RGB2", "cam8"))))


def missing_folders(tree: Tree, rng: random.Random) -> None:
    """Remove folders."""
    tree.drop(rng.choice(tree.folders()))


def renamed_folders(tree: Tree, rng: random.Random) -> None:
    """Rename folders: another case, a space, or another word."""
    path = rng.choice(tree.folders())
    head, name = os.path.split(path)
    names = (name.upper(), name.lower(), name.title(), f"{name} ", f"{name}_old", f"x{name}")
    tree.move(path, os.path.join(head, rng.choice((*names, name.replace("cam", "cam 0")))))


def copies(tree: Tree, rng: random.Random) -> None:
    """Copy images beside them, or folders."""
    for path in _some(tree, rng)[:5]:
        stem, suffix = os.path.splitext(path)
        tree.files[stem + rng.choice((" (1)", " ", "_copy")) + suffix] = tree.files[path]


def folder_copies(tree: Tree, rng: random.Random) -> None:
    """Copy a folder under another name."""
    path = rng.choice(tree.folders())
    head, last = os.path.split(path)
    name = os.path.join(head, rng.choice((f"{last} (copy)", f"{last}_2", f"{last}.bak", last.swapcase(), f"0{last}")))
    tree.files |= {name + each[len(path) :]: m for each, m in tree.files.items() if each.startswith(f"{path}/")}


def same_stems(tree: Tree, rng: random.Random) -> None:
    """Add an image a second time in another format."""
    path = rng.choice(tree.images())
    tree.files.setdefault(os.path.splitext(path)[0] + rng.choice(SUFFIXES), tree.files[path])


def misplaced(tree: Tree, rng: random.Random) -> None:
    """Move images to other folders, deeper or higher, where their meaning is unknown."""
    folder = rng.choice([*tree.folders(), "", f"{rng.choice(tree.folders())}/sub"])
    path = os.path.join(folder, rng.choice(("stray one.jpg", "IMG.PNG", "x_y.bmp")))
    beside = [m for each, m in tree.files.items() if os.path.dirname(each) == folder and "/cam" in each]
    # LLCM's test images may have any name, as their folders say what they are
    tree.files.setdefault(path, beside[0] if tree.name == "LLCM" and beside else Meaning("", -9, -9, -9))


def cameras(tree: Tree, rng: random.Random) -> None:
    """Write cameras with two digits in the names of files, or of folders."""
    digits = rng.choice((3, 8, 9, 10, 12, 19, 21, 100))
    for path, meaning in list(tree.files.items()):
        head, name = os.path.split(path)
        match = re.search(r"_(?:cam|c|v)([0-9]+)", name)
        if match and meaning and meaning.camera == 1:
            renamed = name[: match.start(1)] + str(digits).zfill(len(match[1])) + name[match.end(1) :]
            tree.drop(path)
            first = 0 if "_v" in name else 1
            tree.files[os.path.join(head, renamed)] = meaning._replace(camera=digits - first)
    for path in tree.folders():
        if path.endswith("cam1"):
            tree.move(path, path.replace("cam1", f"cam{digits + 10}"))


def identities(tree: Tree, rng: random.Random) -> None:
    """Write identities with many digits in the names of files."""
    more = rng.choice((1234567, 99999, 10**12, 10**30))
    for path, meaning in list(tree.files.items()):
        match = re.match(r"([0-9]+)_", os.path.basename(path))
        if match and meaning and meaning.identity == 2 and meaning.part == "train":
            tree.drop(path)
            tree.files[path.replace(f"/{match[1]}", f"/{more}")] = meaning._replace(identity=more)


def odd_names(tree: Tree, rng: random.Random) -> None:
    """Give files names that are not UTF-8, or in other scripts."""
    for path in _some(tree, rng)[:3]:
        stem, suffix = os.path.splitext(path)
        tree.move(path, stem + rng.choice(("\udce9", "行", "٣", "é", "é", "'\"")) + suffix)


Change = Callable[[Tree, random.Random], None]
CHANGES: tuple[Change, ...] = (other_suffixes, no_suffixes, zeros, strays, droppings, links, dead_links, loops)
CHANGES += (missing_folders, renamed_folders, copies, folder_copies, same_stems, misplaced, cameras, identities)
CHANGES += (odd_names,)
