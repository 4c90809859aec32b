"""Folder layout of SYSU-MM01, written from any stream of images."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from PIL import Image

from data_folders.complete import make_folder, save_image
from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation.sysu_splits import read_ids, write_permutation

TRIALS = 10


@dataclass(frozen=True)
class SysuSplit:
    """Identities of SYSU-MM01's training, validation and test sets, each in exactly one of them.

    Raises:
        InputError: an identity is in two sets, or has no folder name because it is not within 1 to 9999.
    """

    train: tuple[int, ...]
    val: tuple[int, ...]
    test: tuple[int, ...]

    def __post_init__(self) -> None:
        repeated = [identity for identity, count in Counter(self.identities).items() if count > 1]
        if repeated:
            raise InputError(f"identity {repeated[0]} is in more than one split")
        outside = [identity for identity in self.identities if not 1 <= identity <= 9999]
        if outside:
            raise InputError(f"identity {outside[0]} has no four-digit folder name")

    @property
    def identities(self) -> list[int]:
        """Every identity, in increasing order."""
        return sorted(chain(self.train, self.val, self.test))


def write_sysu(
    root: str | Path,
    images: Iterable[tuple[int, int, Image.Image]],
    split: SysuSplit,
    recipe: Mapping[str, object],
    seed: int = 0,
) -> bool:
    """Write a data set in SYSU-MM01's layout: ``cam{1..6}/{id:04d}/{n:04d}.jpg`` and ``exp/``.

    Args:
        root: the folder that holds ``cam1`` and ``exp``.
        images: gives ``(camera 1..6, identity, image)``; those of one camera and identity are numbered in their order.
        split: must name exactly the identities of ``images``.
        recipe: everything that determines the images.
        seed: determines the ten gallery permutations in ``exp/rand_perm_cam.mat``.
    """
    recipe = {"layout": "SYSU-MM01", "permutation seed": seed, **recipe}
    return make_folder(Path(root), recipe, lambda folder: _fill(folder, images, split, seed))


def summarize_sysu(root: str | Path) -> str:
    """Count the identities of each split and the images of each camera of a folder in SYSU-MM01's layout."""
    root = Path(root)
    cameras = {folder.name: len(list(folder.glob("*/*.jpg"))) for folder in sorted(root.glob("cam?"))}
    identities = [f"{name} {len(read_ids(root / 'exp', f'{name}_id'))}" for name in ("train", "val", "test")]
    total = len(read_ids(root / "exp", "available_id"))
    first = f"{root}: {total} identities ({', '.join(identities)}), {sum(cameras.values())} images"
    return f"{first}\n  {', '.join(f'{name} {count}' for name, count in cameras.items())}"


def _fill(folder: Path, images: Iterable[tuple[int, int, Image.Image]], split: SysuSplit, seed: int) -> None:
    counts: Counter[tuple[int, int]] = Counter()
    for camera, identity, image in images:
        counts[camera, identity] += 1
        save_image(image, folder / f"cam{camera}" / f"{identity:04d}" / f"{counts[camera, identity]:04d}.jpg")
    stray = {identity for _, identity in counts}.symmetric_difference(split.identities)
    if stray:
        raise InputError(f"identity {min(stray)} is in the images or in the split, but not in both")
    _write_splits(folder / "exp", counts, split, seed)


def _write_splits(exp: Path, counts: Counter[tuple[int, int]], split: SysuSplit, seed: int) -> None:
    exp.mkdir()
    names = {"train": split.train, "val": split.val, "test": split.test, "available": split.identities}
    for name, identities in names.items():
        (exp / f"{name}_id.txt").write_text(",".join(map(str, sorted(identities))) + "\n")
    rng = np.random.default_rng(seed)
    orders = {key: np.stack([rng.permutation(counts[key]) + 1 for _ in range(TRIALS)]) for key in sorted(counts)}
    write_permutation(exp / "rand_perm_cam.mat", orders)
    _drop_date(exp / "rand_perm_cam.mat")


def _drop_date(path: Path) -> None:
    """Blank the creation time in a MATLAB file's free-text header (116 bytes), which would differ on every run."""
    content = path.read_bytes()
    path.write_bytes(b"MATLAB 5.0 MAT-file".ljust(116) + content[116:])
