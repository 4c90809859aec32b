"""A toy RGB-D saliency data set in D3Net's layout."""

from pathlib import Path

import numpy as np

from data_folders.complete import make_folder
from fastreid_mm.errors import InputError
from toy_scenes.scenes import draw_scene

FOLDERS = {"image": "RGB", "depth": "depth", "mask": "GT"}
MIN_SIZE = 32


def make_toy_rgbd(root: str | Path, train: int = 400, test: int = 100, size: int = 96, seed: int = 0) -> bool:
    """Draw ``root/train`` and ``root/test``, each with ``RGB``, ``depth`` and ``GT``; in depth white is near.

    Args:
        root: the folder to make.
        train, test: scenes, at least one each.
        size: of the square images, at least 32 pixels.
        seed: of everything; the same seed gives the same bytes.

    Returns:
        True if the folder was made now, False if it was already there.

    Raises:
        InputError: a number is out of range, or the folder is in use.
    """
    for name, value, least in (("train", train, 1), ("test", test, 1), ("size", size, MIN_SIZE), ("seed", seed, 0)):
        if value < least:
            raise InputError(f"{name} must be at least {least}, got {value}")
    recipe = {"maker": "toy rgbd 1", "train": train, "test": test, "size": size, "seed": seed}
    return make_folder(Path(root), recipe, lambda folder: _fill(folder, {"train": train, "test": test}, size, seed))


def _fill(root: Path, parts: dict[str, int], size: int, seed: int) -> None:
    for part_number, (part, count) in enumerate(parts.items()):
        for name in FOLDERS.values():
            (root / part / name).mkdir(parents=True)
        for number in range(count):
            scene = draw_scene(size, np.random.default_rng([seed, part_number, number]))
            for kind, name in FOLDERS.items():
                getattr(scene, kind).save(root / part / name / f"{number + 1:04d}.png")
