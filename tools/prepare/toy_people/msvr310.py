"""Toy data set in MSVR310's layout: drawn people in three kinds of light at once, in several scenes."""

from collections.abc import Iterator
from pathlib import Path

from data_folders.aligned import darken, near_infrared
from data_folders.msvr310 import Sample, write_msvr310
from fastreid_mm.common.errors import InputError
from toy_people.camera import Camera, Studio
from toy_people.identity import Person, sample_people

SCENES = {1: (1, False), 2: (1, True), 3: (2, False)}
"""Place of each scene, and whether it is night there."""
VIEWS = 3


def make_toy_msvr310(root: str | Path, identities: int = 60, seed: int = 0) -> bool:
    """Draw a data set in MSVR310's layout, of 4 to 1000 people; the last half is for testing.

    Every third identity is seen in one scene, and so is no query; the others in two or three, by three cameras each.
    """
    if identities < 4:
        raise InputError(f"training and test need at least 4 identities, got {identities}")
    people = sample_people(identities, seed)
    recipe = {"maker": "toy people 1", "identities": identities, "seed": seed}
    test = range(identities - identities // 2 + 1, identities + 1)
    return write_msvr310(root, _samples(people, Studio(seed)), test, recipe)


def _samples(people: list[Person], studio: Studio) -> Iterator[Sample]:
    for identity, person in enumerate(people, start=1):
        for scene in list(SCENES)[: 1 + identity % 3]:
            for view in range(VIEWS):
                yield _photograph(studio, person, identity, scene, view)


def _photograph(studio: Studio, person: Person, identity: int, scene: int, view: int) -> Sample:
    """Photograph a pose in all three kinds of light; near infrared is the view by day without colours."""
    place, night = SCENES[scene]
    seen, warm = (
        studio.photograph(person, _camera(place, view, infrared), (identity, scene, view)) for infrared in (False, True)
    )
    return Sample(identity, scene, view, (darken(seen) if night else seen, near_infrared(seen), warm))


def _camera(place: int, view: int, infrared: bool) -> Camera:
    gain = 1 - 0.1 * view
    return Camera(place, False, infrared, (gain, gain, gain), blur=0.4 + 0.2 * view, noise=3 + view)
