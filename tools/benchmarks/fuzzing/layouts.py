"""Small data sets in the layouts of the benchmarks, with the meaning of every file."""

import io
import os
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import NamedTuple

from PIL import Image


class Meaning(NamedTuple):
    """Meaning of an image: its part of the set, identity, camera (as in items) and modality."""

    part: str
    identity: int
    camera: int
    modality: int


@dataclass
class Tree:
    """Files of a data set before they are written.

    Attributes:
        folder: the folder of the set.
        files: the meaning of each image by its path below the folder; nothing for other files.
        texts: the content of lists by path.
        links: paths of files and folders that become links to another place.
        dead: paths of links that lead nowhere.
        loops: paths of links to the folder above.
        unlisted: beginnings of paths that the reader has no reason to read.
        follow: whether lists name moved images by their new paths.
    """

    folder: str
    files: dict[str, Meaning | None] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    links: set[str] = field(default_factory=set)
    dead: set[str] = field(default_factory=set)
    loops: set[str] = field(default_factory=set)
    unlisted: set[str] = field(default_factory=set)
    follow: bool = True

    @property
    def name(self) -> str:
        """Name of the set's class."""
        return self.folder.replace("-", "")

    def images(self) -> list[str]:
        """Return the paths of all files that are images."""
        return [path for path, meaning in self.files.items() if meaning]

    def folders(self) -> list[str]:
        """Return the paths of all folders that hold files, at any depth."""
        folders = {os.path.dirname(path) for path in self.files}
        return sorted({"/".join(path.split("/")[:depth]) for path in folders for depth in range(1, 9)} - {""})

    def move(self, old: str, new: str) -> None:
        """Give a file or a folder another path."""

        def moved(path: str) -> str:
            return new + path[len(old) :] if path == old or path.startswith(f"{old}/") else path

        self.files = {moved(path): meaning for path, meaning in self.files.items()}
        self.unlisted |= {moved(path) for path in self.unlisted}
        if self.follow:
            self.texts = {name: _renamed(text, moved) for name, text in self.texts.items()}

    def drop(self, gone: str) -> None:
        """Remove a file or a folder."""
        for path in list(self.files):
            if path == gone or path.startswith(f"{gone}/"):
                del self.files[path]

    def write(self, root: str) -> None:
        """Write all files below a folder."""
        base = os.path.join(root, self.folder)
        os.makedirs(base)
        content = picture((768, 128) if self.name in ("RGBN300", "RGBNT100") else (2, 4))
        for path, meaning in self.files.items():
            _write(os.path.join(base, path), content if meaning else b"{}")
        for path, text in self.texts.items():
            _write(os.path.join(base, path), text.encode("utf-8", "surrogateescape"))
        for number, path in enumerate(sorted(self.links, reverse=True)):  # the files of a folder before the folder
            place, elsewhere = os.path.join(base, path), os.path.join(root, f"disk{number}")
            if os.path.lexists(place):
                os.rename(place, elsewhere)
                os.symlink(elsewhere, place)
        for path, target in [*((path, "nowhere") for path in self.dead), *((path, "..") for path in self.loops)]:
            place = os.path.join(base, path)
            if not os.path.lexists(place) and os.path.isdir(os.path.dirname(place)):
                os.symlink(target, place)


def _renamed(text: str, moved: Callable[[str], str]) -> str:
    """Rename the images in a list; lone numbers stay."""
    lines = [line.rpartition(" ") for line in text.splitlines()]
    return "".join(f"{moved(name)}{space}{label}\n" for name, space, label in lines)


@cache
def picture(size: tuple[int, int]) -> bytes:
    """Make a black JPEG image."""
    Image.new("RGB", size).save(stream := io.BytesIO(), "JPEG")
    return stream.getvalue()


def _write(path: str, content: bytes) -> None:
    if not os.path.isdir(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        Path(path).write_bytes(content)


def sysu() -> Tree:
    """Make SYSU-MM01: two training, one validation and two test identities, and one that no list names."""
    tree = Tree("SYSU-MM01", unlisted={"exp/", *(f"cam{camera}/0006/" for camera in range(1, 7))})
    for camera, pid, number in product(range(1, 7), range(1, 7), (1, 2)):
        part = "train" if pid < 4 else "gallery" if camera in (1, 2, 4, 5) else "query"
        tree.files[f"cam{camera}/{pid:04d}/{number:04d}.jpg"] = Meaning(part, pid, camera, int(camera in (3, 6)))
    tree.texts = {"exp/train_id.txt": "1,2\n", "exp/val_id.txt": "3\n", "exp/test_id.txt": "4,5\n"}
    return tree


def regdb() -> Tree:
    """Make RegDB: two training and two test identities, two images each."""
    tree = Tree("RegDB", texts=defaultdict(str), unlisted={"idx/"})
    for modality, pid, number in product((0, 1), range(4), (1, 2)):
        half, folder = ("train", "test")[pid > 1], ("Visible", "Thermal")[modality]
        part = "train" if pid < 2 else ("query", "gallery")[modality]
        path = f"{folder}/{pid}/{number}.bmp"
        tree.files[path] = Meaning(part, pid % 2, modality + 1, modality)
        tree.texts[f"idx/{half}_{folder.lower()}_1.txt"] += f"{path} {pid % 2}\n"
    return tree


def llcm() -> Tree:
    """Make LLCM: two training identities, two test identities under every camera, and one that no list names."""
    tree = Tree("LLCM", texts=defaultdict(str), unlisted={"idx/"})
    for modality, word in enumerate(("vis", "nir")):
        for pid, number in product((0, 1), (1, 2)):
            path = f"train_{word}/{pid:04d}/{number}.jpg"
            tree.files[path] = Meaning("train", pid, 0, modality)
            tree.texts[f"idx/train_{word}.txt"] += f"{path} {pid}\n"
        for camera, pid in product(range(1, 10), (7, 8, 9)):
            if modality == 0 or camera != 3:
                folder = f"test_{word}/cam{camera}/{pid:04d}/"
                tree.files[f"{folder}1.jpg"] = Meaning(("gallery", "query")[modality], pid, camera, modality)
                if pid == 9:
                    tree.unlisted.add(folder)
    tree.texts["idx/test_id.txt"] = "7,8\n"
    return tree


def aligned(folder: str, parts: dict[str, str], modalities: tuple[str, ...], place: str) -> Tree:
    """Make a set of aligned samples; without a query folder, test samples are query and gallery at once.

    Args:
        folder: the folder of the set.
        parts: the folder of each part.
        modalities: the names of the modalities, one if a sample is one file.
        place: the form of the paths.
    """
    tree = Tree(folder)
    for (part, where), modality, pid, camera in product(parts.items(), range(len(modalities)), (1, 2), (1, 2)):
        number = pid if part == "train" else pid + 2
        path = place.format(part=where, modality=modalities[modality], pid=number, camera=camera, view=camera - 1)
        tree.files[path] = Meaning(part, number, camera - 1, modality)
    return tree


RGB, VIS = ("RGB", "NI", "TI"), ("vis", "ni", "th")
STRIPS = {"train": "bounding_box_train", "query": "query", "gallery": "bounding_box_test"}
STRIP = "rgbir/{part}/{pid:04d}_c{camera:03d}_00.jpg"
MARKET = {"train": "train", "query": "query", "gallery": "gallery"}
ALIGNED: tuple[tuple, ...] = (
    ("RGBNT201", {"train": "train_171", "gallery": "test"}, RGB, "{part}/{modality}/{pid:06d}_cam{camera}_0_00.jpg"),
    ("Market1501-MM", MARKET, RGB, "{part}/{modality}/{pid:04d}_c{camera}s1_000451_03.jpg"),
    ("RGBN300", STRIPS, ("RGB",), STRIP),
    ("RGBNT100", STRIPS, ("RGB",), STRIP),
    ("MSVR310", STRIPS | {"query": "query3"}, VIS, "{part}/{pid:04d}/{modality}/{pid:04d}_s001_v{view}_001.jpg"),
)
LAYOUTS: tuple[Callable[[], Tree], ...] = (sysu, regdb, llcm, *(partial(aligned, *each) for each in ALIGNED))
"""Functions that make intact trees."""
