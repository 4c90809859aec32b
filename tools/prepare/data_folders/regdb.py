"""Folder layout of RegDB, written from any stream of images."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from data_folders.complete import make_folder, save_image
from fastreid_mm.common.errors import InputError

TRIALS = 10
Paths = dict[tuple[str, int], list[str]]
"""Paths of the images of each modality and identity, below the root."""


def write_regdb(
    root: str | Path,
    images: Iterable[tuple[str, int, Image.Image]],
    recipe: Mapping[str, object],
    seed: int = 0,
) -> bool:
    """Write a data set in RegDB's layout: ``Visible/{id}``, ``Thermal/{id}`` and ten random halves in ``idx/``.

    Args:
        root: the folder that holds ``Visible``, ``Thermal`` and ``idx``.
        images: gives ``("visible" or "thermal", identity, image)``, of two identities or more.
        recipe: everything that determines the images.
        seed: determines the ten random halves.
    """
    recipe = {"layout": "RegDB", "split seed": seed, **recipe}
    return make_folder(Path(root), recipe, lambda folder: _fill(folder, images, seed))


def summarize_regdb(root: str | Path) -> str:
    """Count the identities, and the images of each modality, of a folder in RegDB's layout."""
    root = Path(root)
    counts = {name: len(list(root.glob(f"{name}/*/*.bmp"))) for name in ("Visible", "Thermal")}
    identities = len(list(root.glob("Visible/*")))
    return f"{root}: {identities} identities, " + ", ".join(f"{n} {name} images" for name, n in counts.items())


def _fill(folder: Path, images: Iterable[tuple[str, int, Image.Image]], seed: int) -> None:
    paths: Paths = {}
    for modality, identity, image in images:
        names = paths.setdefault((modality, identity), [])
        names.append(f"{modality.capitalize()}/{identity}/{modality}_{len(names) + 1:02d}.bmp")
        save_image(image, folder / names[-1])
    _write_splits(folder / "idx", paths, seed)


def _write_splits(idx: Path, paths: Paths, seed: int) -> None:
    identities = sorted({identity for _, identity in paths})
    if len(identities) < 2:
        raise InputError(f"RegDB's random halves need at least 2 identities, got {len(identities)}")
    idx.mkdir()
    rng = np.random.default_rng(seed)
    for trial in range(1, TRIALS + 1):
        order = rng.permutation(identities).tolist()
        halves = {"train": sorted(order[: len(order) // 2]), "test": sorted(order[len(order) // 2 :])}
        for half, members in halves.items():
            _write_half(idx, f"{half}_{{}}_{trial}.txt", members, paths)


def _write_half(idx: Path, name: str, members: list[int], paths: Paths) -> None:
    """Write both modalities' lists of one half, with the identities numbered from 0."""
    for modality in ("visible", "thermal"):
        lines = [f"{path} {label}\n" for label, i in enumerate(members) for path in paths[modality, i]]
        (idx / name.format(modality)).write_text("".join(lines))
