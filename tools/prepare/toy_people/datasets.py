"""Toy data sets in SYSU-MM01's and RegDB's layouts: drawn people, seen in visible light and in infrared.

Cut of the clothes, patterns and body are the same in both modalities; colour is seen in one only, and the brightness of
cloth in infrared says nothing about its colour. So a model has to learn what both modalities share, as on real data.
"""

import logging
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from data_folders.regdb import write_regdb
from data_folders.sysu_mm01 import SysuSplit, write_sysu
from fastreid_mm.common.errors import InputError
from toy_people.camera import Camera, Studio
from toy_people.identity import Person, sample_people

# As in SYSU-MM01, cameras 2 and 3 look at the same room.
SYSU_CAMERAS = {
    1: Camera(place=1, indoor=True, infrared=False, gain=(1.0, 0.95, 0.86), blur=0.4, noise=3),
    2: Camera(place=2, indoor=True, infrared=False, gain=(0.74, 0.78, 0.84), blur=0.6, noise=5),
    3: Camera(place=2, indoor=True, infrared=True, gain=(1.0, 1.0, 1.0), blur=0.8, noise=4),
    4: Camera(place=4, indoor=False, infrared=False, gain=(1.1, 1.1, 1.04), blur=0.4, noise=3),
    5: Camera(place=5, indoor=False, infrared=False, gain=(0.86, 0.92, 0.96), blur=0.7, noise=4),
    6: Camera(place=6, indoor=False, infrared=True, gain=(0.86, 0.86, 0.86), blur=1.0, noise=6),
}
REGDB_CAMERAS = {
    "visible": Camera(place=1, indoor=False, infrared=False, gain=(0.98, 1.0, 1.0), blur=0.5, noise=3),
    "thermal": Camera(place=1, indoor=False, infrared=True, gain=(1.05, 1.05, 1.05), blur=1.1, noise=4),
}
REGDB_IMAGES = 10
Identities = int | tuple[int, int, int]
"""Number of identities, or numbers for training, validation and test."""
_REPORT_EVERY = 50
_logger = logging.getLogger(__name__)


def make_toy_sysu(root: str | Path, identities: Identities = 90, images_per_camera: int = 4, seed: int = 0) -> bool:
    """Draw a data set in SYSU-MM01's layout; the first identities are for training and the last for testing.

    Args:
        root: the folder that holds ``cam1`` and ``exp``.
        identities: the number of people, 3 to 1000, of which a third is for testing; or the numbers for training,
            validation and test, at least one each: (296, 99, 96) in SYSU-MM01.
        images_per_camera: the number of images of a person by each of the six cameras.
        seed: determines everything.
    """
    split = toy_sysu_split(identities)
    if images_per_camera < 1:
        raise InputError(f"the images per camera must be at least 1, got {images_per_camera}")
    people = sample_people(len(split.identities), seed)
    recipe = {"maker": "toy people 1", "identities": identities, "images": images_per_camera, "seed": seed}
    images = _sysu_images(people, images_per_camera, Studio(seed))
    return write_sysu(root, images, split, recipe, seed)


def toy_sysu_split(identities: Identities) -> SysuSplit:
    """Take the first identities for training, the next for validation and the last for testing.

    Of a single number, a third is for testing and a ninth for validation.
    """
    if isinstance(identities, int):
        test = identities // 3
        val = max(1, (identities - test) // 6)
        sizes = (identities - test - val, val, test)
    else:
        sizes = identities
    if min(sizes) < 1:
        raise InputError(f"training, validation and test need at least one identity each, 3 in all, got {identities}")
    train, val, _ = sizes
    ids = tuple(range(1, sum(sizes) + 1))
    return SysuSplit(ids[:train], ids[train : train + val], ids[train + val :])


def _sysu_images(people: list[Person], count: int, studio: Studio) -> Iterator[tuple[int, int, Image.Image]]:
    for identity, person in enumerate(people, start=1):
        for number, camera in SYSU_CAMERAS.items():
            for n in range(count):
                yield number, identity, studio.photograph(person, camera, (identity, number, n))
        if not identity % _REPORT_EVERY:
            _logger.info("%d of %d people are drawn", identity, len(people))


def make_toy_regdb(root: str | Path, identities: int = 40, seed: int = 0) -> bool:
    """Draw a data set in RegDB's layout, ten visible and ten thermal images of each of 2 to 1000 identities."""
    people = sample_people(identities, seed)
    recipe = {"maker": "toy people 1", "identities": identities, "seed": seed}
    return write_regdb(root, _regdb_images(people, Studio(seed)), recipe, seed)


def _regdb_images(people: list[Person], studio: Studio) -> Iterator[tuple[str, int, Image.Image]]:
    for identity, person in enumerate(people, start=1):
        for number, (modality, camera) in enumerate(REGDB_CAMERAS.items(), start=11):
            for n in range(REGDB_IMAGES):
                yield modality, identity, studio.photograph(person, camera, (identity, number, n))
