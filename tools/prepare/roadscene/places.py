"""Positions of the places in RoadScene's photographs."""

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

import numpy as np
from PIL import Image

from roadscene.crops import Cut, Point
from roadscene.photographs import Pair

MOST = 6
"""Number of places in a photograph that is large enough."""
_APART = 0.7  # least distance between the middles of two places, as a share of width or height
_TRIES = 1000


class Place(NamedTuple):
    """Place in a photograph, which is an identity.

    Attributes:
        number: the place's number, counted from 1 over all photographs.
        photograph: the number of its photograph, counted from 0.
        centre: its middle, in pixels from the left and from the top.
    """

    number: int
    photograph: int
    centre: Point


def draw_places(pairs: list[Pair], cut: Cut, seed: int) -> list[Place]:
    """Draw six places in every photograph, or as many as fit in a small one, in the order of the photographs."""
    centres = [
        (number, centre)
        for number, pair in enumerate(pairs)
        for centre in draw_centres(pair.size, cut, np.random.default_rng([seed, number]))
    ]
    return [Place(number, photograph, centre) for number, (photograph, centre) in enumerate(centres, start=1)]


def draw_centres(photograph: tuple[int, int], cut: Cut, rng: np.random.Generator) -> list[Point]:
    """Draw the middles of one to six places in a photograph, of which no two overlap by more than three tenths.

    Crops of them are shifted, so crops may overlap more, or not at all.
    """
    width, height = cut.fitted(photograph)
    centres: list[Point] = []
    for _ in range(_TRIES):
        x, y = rng.uniform(width / 2, photograph[0] - width / 2), rng.uniform(height / 2, photograph[1] - height / 2)
        if all(abs(x - u) >= _APART * width or abs(y - v) >= _APART * height for u, v in centres):
            centres.append((x, y))
        if len(centres) == MOST:
            break
    return centres


def photographed(pairs: list[Pair], places: list[Place]) -> Iterator[tuple[Place, tuple[Image.Image, Image.Image]]]:
    """Give every place with its visible and its thermal photograph, reading each photograph once."""
    for number, group in groupby(places, key=lambda place: place.photograph):
        photographs = pairs[number].load()
        for place in group:
            yield place, photographs
