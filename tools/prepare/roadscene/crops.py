"""Crops of RoadScene's photographs, each shifted, zoomed and exposed in its own way."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Cut:
    """How places are cut out of a photograph.

    Attributes:
        places: how many columns a photograph has; each is one place.
        size: the width and height of an image.
    """

    places: int
    size: tuple[int, int]


UPRIGHT = Cut(3, (64, 128))
LYING = Cut(2, (256, 128))


@dataclass(frozen=True)
class Style:
    """How a camera sees every place.

    Attributes:
        images: how many it takes of each place.
        zoom: the mean width of a crop, as a share of the widest box of the image's shape in the place's column.
        offset: the mean shift of a crop, as shares of that box's width and height.
        brightness: the mean factor on the grey values.
        every_place: whether it sees all places, or else only those of even number.
    """

    images: int
    zoom: float
    offset: tuple[float, float]
    brightness: float
    every_place: bool = True


def jittered_box(size: tuple[int, int], column: int, style: Style, rng: np.random.Generator, cut: Cut = UPRIGHT) -> Box:
    """Draw a crop that stays within its column, so that crops of two places never overlap.

    Args:
        size: the width and height of the photograph.
        column: the place's column, counted from 0 at the left.
        style: how the camera sees every place.
        rng: draws zoom and shift.
        cut: how many columns there are, and the shape of the crop.

    Returns:
        The left, top, right and bottom edge in pixels and fractions of them; the box has the shape of the cut's images.
    """
    steepness = cut.size[1] / cut.size[0]
    cell = size[0] / cut.places
    widest = min(cell, size[1] / steepness)
    width = widest * (style.zoom + rng.uniform(-0.06, 0.06))
    x, y = (offset + rng.uniform(-0.09, 0.09) for offset in style.offset)
    left = _centred(cell, width, x * widest) + column * cell
    top = _centred(size[1], steepness * width, y * steepness * widest)
    return left, top, left + width, top + steepness * width


def _centred(available: float, length: float, shift: float) -> float:
    """Find where a piece begins that is centred, then shifted as far as it stays inside."""
    slack = available - length
    return min(max(slack / 2 + shift, 0.0), slack)


def expose(image: Image.Image, style: Style, rng: np.random.Generator) -> Image.Image:
    """Give an image the camera's brightness and a contrast of its own."""
    values = np.asarray(image, dtype=np.float32)
    mean = values.mean()
    values = (values - mean) * rng.uniform(0.88, 1.12) + mean * style.brightness * rng.uniform(0.92, 1.08)
    return Image.fromarray(np.clip(np.round(values), 0, 255).astype(np.uint8))
