"""Where the places of RoadScene's photographs are."""

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

import numpy as np
from PIL import Image

from roadscene.crops import Cut, Point
from roadscene.photographs import Pair

MOST = 6
"""How many places a photograph has where they fit."""
_APART = 0.7  # of a place's width or height, between the middles of two
_TRIES = 1000


class Place(NamedTuple):
    """An identity.

    Attributes:
        number: counted from 1, over all photographs.
        photograph: which one it is in, counted from 0.
        centre: where its middle is in it, in pixels from the left and from the top.
    """

    number: int
    photograph: int
    centre: Point


def draw_places(pairs: list[Pair], cut: Cut, seed: int) -> list[Place]:
    """Draw six places in every photograph, or as many as are found in a small one, in the order of the photographs.

    Args:
        pairs: the photographs.
        cut: the shape of a place.
        seed: determines where they are, together with a photograph's number and size.
    """
    centres = [
        (number, centre)
        for number, pair in enumerate(pairs)
        for centre in draw_centres(pair.size, cut, np.random.default_rng([seed, number]))
    ]
    return [Place(number, photograph, centre) for number, (photograph, centre) in enumerate(centres, start=1)]


def draw_centres(photograph: tuple[int, int], cut: Cut, rng: np.random.Generator) -> list[Point]:
    """Draw places that lie in a photograph at random, of which no two have more than three tenths in common.

    Args:
        photograph: its width and height.
        cut: the shape of a place.
        rng: draws them.

    Returns:
        The middles of one to six places. Crops of them are shifted, so these may have more in common, or nothing.
    """
    width, height = cut.fitted(photograph)
    found: list[Point] = []
    for _ in range(_TRIES):
        x, y = rng.uniform(width / 2, photograph[0] - width / 2), rng.uniform(height / 2, photograph[1] - height / 2)
        if all(abs(x - u) >= _APART * width or abs(y - v) >= _APART * height for u, v in found):
            found.append((x, y))
        if len(found) == MOST:
            break
    return found


def photographed(pairs: list[Pair], places: list[Place]) -> Iterator[tuple[Place, tuple[Image.Image, Image.Image]]]:
    """Give every place with its visible and its thermal photograph, of which each is read once."""
    for number, group in groupby(places, key=lambda place: place.photograph):
        photographs = pairs[number].load()
        for place in group:
            yield place, photographs
