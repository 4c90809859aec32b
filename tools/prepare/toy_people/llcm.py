"""Toy data set in LLCM's layout: drawn people, seen by some of nine cameras in visible light and in infrared."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from data_folders.llcm import CAMERAS, write_llcm
from fastreid_mm.common.errors import InputError
from toy_people.camera import Camera, Studio
from toy_people.identity import Person, sample_people

SEEN_BY = 4
"""Number of cameras, of nine, that see a person."""


def make_toy_llcm(root: str | Path, identities: int = 60, images_per_camera: int = 4, seed: int = 0) -> bool:
    """Draw a data set in LLCM's layout, of 3 to 1000 people; the last third is for testing.

    Each person is seen by some of the cameras, ``images_per_camera`` times in each modality.
    """
    if identities < 3:
        raise InputError(f"training and test need at least 3 identities, got {identities}")
    if images_per_camera < 1:
        raise InputError(f"the images per camera must be at least 1, got {images_per_camera}")
    people = sample_people(identities, seed)
    recipe = {"maker": "toy people 1", "identities": identities, "images": images_per_camera, "seed": seed}
    test = range(identities - identities // 3 + 1, identities + 1)
    return write_llcm(root, _images(people, images_per_camera, Studio(seed)), test, recipe)


def _images(people: list[Person], count: int, studio: Studio) -> Iterator[tuple[str, int, int, Image.Image]]:
    for identity, person in enumerate(people, start=1):
        seen_by = np.random.default_rng([studio.seed, 3, identity]).choice(CAMERAS["vis"], SEEN_BY, replace=False)
        for modality, cameras in CAMERAS.items():
            for number in sorted(set(seen_by.tolist()) & set(cameras)):
                camera = _camera(number, modality)
                for n in range(count):
                    key = (identity, number, n, int(camera.infrared))
                    yield modality, number, identity, studio.photograph(person, camera, key)


def _camera(number: int, modality: str) -> Camera:
    """Make one of the nine cameras: a little dark by day, infrared at night, at the same place."""
    light = 0.6 + 0.05 * (number % 5)
    return Camera(
        place=number,
        indoor=number % 3 == 0,
        infrared=modality == "nir",
        gain=(light, light, 0.9 * light),
        blur=0.4 + 0.1 * (number % 4),
        noise=3 + number % 3,
    )
