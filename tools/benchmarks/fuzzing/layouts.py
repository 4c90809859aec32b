"""Small data sets in the layouts of the benchmarks, with the meaning of every file."""

import io
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
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
        name: the name of the set's class.
        folder: the folder of the set.
        files: the meaning of each image by its path below the folder; nothing for other files.
        texts: the content of lists by path.
        links: paths of files and folders that become links to another place.
        dead: paths of links that lead nowhere.
        loops: paths of links to the folder above.
        unlisted: beginnings of paths that the reader has no reason to read.
        follow: whether lists name moved images by their new paths.
    """

    name: str
    folder: str
    files: dict[str, Meaning | None] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    links: set[str] = field(default_factory=set)
    dead: set[str] = field(default_factory=set)
    loops: set[str] = field(default_factory=set)
    unlisted: set[str] = field(default_factory=set)
    follow: bool = True

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
        self.files = {
            path: meaning for path, meaning in self.files.items() if path != gone and not path.startswith(f"{gone}/")
        }

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


def picture(size: tuple[int, int], contents: dict[tuple[int, int], bytes] = {}) -> bytes:  # noqa: B006  remembers
    """Make a black JPEG image."""
    if size not in contents:
        Image.new("RGB", size).save(stream := io.BytesIO(), "JPEG")
        contents[size] = stream.getvalue()
    return contents[size]


def _write(path: str, content: bytes) -> None:
    if os.path.isdir(path):
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    Path(path).write_bytes(content)


@contextmanager
def scratch() -> Iterator[str]:
    """Make a temporary folder, in memory if possible, for a block."""
    folder = tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sysu() -> Tree:
    """Make SYSU-MM01: two training, one validation and two test identities, and one that no list names."""
    tree = Tree("SYSUMM01", "SYSU-MM01")
    for camera, pid, number in product(range(1, 7), range(1, 7), (1, 2)):
        part = "train" if pid < 4 else "gallery" if camera in (1, 2, 4, 5) else "query"
        path = f"cam{camera}/{pid:04d}/{number:04d}.jpg"
        tree.files[path] = Meaning(part, pid, camera, int(camera in (3, 6)))
        if pid == 6:
            tree.unlisted.add(f"cam{camera}/{pid:04d}/")
    tree.texts = {"exp/train_id.txt": "1,2\n", "exp/val_id.txt": "3\n", "exp/test_id.txt": "4,5\n"}
    tree.unlisted.add("exp/")
    return tree


def regdb() -> Tree:
    """Make RegDB: two training and two test identities, two images each."""
    tree, lines = Tree("RegDB", "RegDB"), {}
    for modality, pid, number in product((0, 1), range(4), (1, 2)):
        half, folder = ("train", "test")[pid > 1], ("Visible", "Thermal")[modality]
        part = "train" if pid < 2 else ("query", "gallery")[modality]
        path = f"{folder}/{pid}/{number}.bmp"
        tree.files[path] = Meaning(part, pid % 2, modality + 1, modality)
        lines.setdefault(f"idx/{half}_{folder.lower()}_1.txt", []).append(f"{path} {pid % 2}\n")
    tree.texts = {name: "".join(each) for name, each in lines.items()}
    tree.unlisted.add("idx/")
    return tree


def llcm() -> Tree:
    """Make LLCM: two training identities, two test identities under every camera, and one that no list names."""
    tree, lines = Tree("LLCM", "LLCM"), {}
    for modality, word in enumerate(("vis", "nir")):
        for pid, number in product((0, 1), (1, 2)):
            path = f"train_{word}/{pid:04d}/{number}.jpg"
            tree.files[path] = Meaning("train", pid, 0, modality)
            lines.setdefault(f"idx/train_{word}.txt", []).append(f"{path} {pid}\n")
        for camera, pid in product(range(1, 10), (7, 8, 9)):
            if modality == 0 or camera != 3:
                path = f"test_{word}/cam{camera}/{pid:04d}/1.jpg"
                tree.files[path] = Meaning(("gallery", "query")[modality], pid, camera, modality)
                if pid == 9:
                    tree.unlisted.add(f"test_{word}/cam{camera}/{pid:04d}/")
    tree.texts = {name: "".join(each) for name, each in lines.items()} | {"idx/test_id.txt": "7,8\n"}
    tree.unlisted.add("idx/")
    return tree


def _aligned(name: str, folder: str, parts: dict[str, str], place: str, modalities: tuple[str, ...]) -> Tree:
    tree = Tree(name, folder)
    for (part, where), modality, pid, camera in product(parts.items(), range(len(modalities)), (1, 2), (1, 2)):
        number = pid if part == "train" else pid + 2
        path = place.format(part=where, modality=modalities[modality], pid=number, camera=camera, view=camera - 1)
        tree.files[path] = Meaning(part, number, camera - 1, modality)
    return tree


def rgbnt201() -> Tree:
    """Make RGBNT201, whose test samples are query and gallery at once."""
    place = "{part}/{modality}/{pid:06d}_cam{camera}_0_00.jpg"
    return _aligned("RGBNT201", "RGBNT201", {"train": "train_171", "gallery": "test"}, place, ("RGB", "NI", "TI"))


def market() -> Tree:
    """Make Market1501-MM."""
    parts = {"train": "train", "query": "query", "gallery": "gallery"}
    place = "{part}/{modality}/{pid:04d}_c{camera}s1_000451_03.jpg"
    return _aligned("Market1501MM", "Market1501-MM", parts, place, ("RGB", "NI", "TI"))


STRIPS = {"train": "bounding_box_train", "query": "query", "gallery": "bounding_box_test"}


def rgbn300() -> Tree:
    """Make RGBN300, whose samples are one file each."""
    return _aligned("RGBN300", "RGBN300", STRIPS, "rgbir/{part}/{pid:04d}_c{camera:03d}_00.jpg", ("RGB",))


def rgbnt100() -> Tree:
    """Make RGBNT100, whose samples are one file each."""
    return _aligned("RGBNT100", "RGBNT100", STRIPS, "rgbir/{part}/{pid:04d}_c{camera:03d}_00.jpg", ("RGB",))


def msvr310() -> Tree:
    """Make MSVR310, with a folder for each vehicle."""
    place = "{part}/{pid:04d}/{modality}/{pid:04d}_s001_v{view}_001.jpg"
    return _aligned("MSVR310", "MSVR310", STRIPS | {"query": "query3"}, place, ("vis", "ni", "th"))


LAYOUTS = (sysu, regdb, llcm, rgbnt201, market, rgbn300, rgbnt100, msvr310)
"""Functions that make intact trees."""
