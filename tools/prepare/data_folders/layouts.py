"""The folder layouts of SYSU-MM01 and RegDB, written from any stream of images."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from PIL import Image

from data_folders.complete import make_folder
from fastreid_mm.errors import InputError
from fastreid_mm.evaluation.sysu_splits import write_permutation

TRIALS = 10
JPEG_QUALITY = 92


@dataclass(frozen=True)
class SysuSplit:
    """Which identities SYSU-MM01's training, validation and test sets hold; an identity is in exactly one."""

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
        root: the folder to make, itself the one that holds ``cam1`` and ``exp``.
        images: ``(camera 1..6, identity, image)``; images of one camera and identity are numbered as they come. Not
            read if the folder is already there.
        split: must name exactly the identities of ``images``.
        recipe: what determines the images (see :func:`~data_folders.complete.make_folder`).
        seed: of the ten gallery permutations in ``exp/rand_perm_cam.mat``.

    Returns:
        True if the folder was made now, False if the same recipe's result was already there.

    Raises:
        InputError: the folder is in use, or ``images`` and ``split`` disagree.
    """
    recipe = {"layout": "SYSU-MM01", "permutation seed": seed, **recipe}
    return make_folder(Path(root), recipe, lambda folder: _fill_sysu(folder, images, split, seed))


def _fill_sysu(folder: Path, images: Iterable[tuple[int, int, Image.Image]], split: SysuSplit, seed: int) -> None:
    counts: Counter[tuple[int, int]] = Counter()
    for camera, identity, image in images:
        counts[camera, identity] += 1
        path = folder / f"cam{camera}" / f"{identity:04d}" / f"{counts[camera, identity]:04d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path, quality=JPEG_QUALITY)
    stray = {identity for _, identity in counts}.symmetric_difference(split.identities)
    if stray:
        raise InputError(f"identity {min(stray)} is in the images or in the split, but not in both")
    _write_sysu_splits(folder / "exp", counts, split, seed)


def _write_sysu_splits(exp: Path, counts: Counter[tuple[int, int]], split: SysuSplit, seed: int) -> None:
    exp.mkdir()
    names = {"train": split.train, "val": split.val, "test": split.test, "available": split.identities}
    for name, identities in names.items():
        (exp / f"{name}_id.txt").write_text(",".join(map(str, sorted(identities))) + "\n")
    rng = np.random.default_rng(seed)
    trials = {key: _permutations(counts[key], rng) for key in sorted(counts)}
    write_permutation(exp / "rand_perm_cam.mat", trials)
    _drop_date(exp / "rand_perm_cam.mat")


def _drop_date(path: Path) -> None:
    """Blank the creation time in a MATLAB file's free-text header (116 bytes), which would differ on every run."""
    content = path.read_bytes()
    path.write_bytes(b"MATLAB 5.0 MAT-file".ljust(116) + content[116:])


def _permutations(count: int, rng: np.random.Generator) -> np.ndarray:
    """Ten orders of the image numbers 1..count, (10, count)."""
    return np.stack([rng.permutation(count) + 1 for _ in range(TRIALS)])


def write_regdb(
    root: str | Path,
    images: Iterable[tuple[str, int, Image.Image]],
    recipe: Mapping[str, object],
    seed: int = 0,
) -> bool:
    """Write a data set in RegDB's layout: ``Visible/{id}``, ``Thermal/{id}`` and ten random halves in ``idx/``.

    Args:
        root: the folder to make, itself the one that holds ``Visible``, ``Thermal`` and ``idx``.
        images: ``("visible" or "thermal", identity, image)``. Not read if the folder is already there.
        recipe: what determines the images (see :func:`~data_folders.complete.make_folder`).
        seed: of the ten random halves.

    Returns:
        True if the folder was made now, False if the same recipe's result was already there.

    Raises:
        InputError: the folder is in use, or there are fewer than two identities.
    """
    recipe = {"layout": "RegDB", "split seed": seed, **recipe}
    return make_folder(Path(root), recipe, lambda folder: _fill_regdb(folder, images, seed))


def _fill_regdb(folder: Path, images: Iterable[tuple[str, int, Image.Image]], seed: int) -> None:
    paths: dict[tuple[str, int], list[str]] = {}
    for modality, identity, image in images:
        names = paths.setdefault((modality, identity), [])
        names.append(f"{modality.capitalize()}/{identity}/{modality}_{len(names) + 1:02d}.bmp")
        target = folder / names[-1]
        target.parent.mkdir(parents=True, exist_ok=True)
        image.save(target)
    _write_regdb_splits(folder / "idx", paths, seed)


def _write_regdb_splits(idx: Path, paths: Mapping[tuple[str, int], list[str]], seed: int) -> None:
    identities = sorted({identity for _, identity in paths})
    if len(identities) < 2:
        raise InputError(f"RegDB's random halves need at least 2 identities, got {len(identities)}")
    idx.mkdir()
    rng = np.random.default_rng(seed)
    for trial in range(1, TRIALS + 1):
        order = rng.permutation(identities).tolist()
        halves = {"train": sorted(order[: len(order) // 2]), "test": sorted(order[len(order) // 2 :])}
        for half, members in halves.items():
            for modality in ("visible", "thermal"):
                lines = [f"{path} {label}\n" for label, i in enumerate(members) for path in paths[modality, i]]
                (idx / f"{half}_{modality}_{trial}.txt").write_text("".join(lines))
