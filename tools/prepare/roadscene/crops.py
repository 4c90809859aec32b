"""Crops of RoadScene's photographs, each shifted, zoomed and exposed differently."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

Box = tuple[float, float, float, float]
Point = tuple[float, float]


@dataclass(frozen=True)
class Cut:
    """Shape of places that are cut out of a photograph.

    Attributes:
        box: the width and height of a place in the photograph, in pixels; less if the photograph is smaller.
        size: the width and height of an image, of the same shape.
    """

    box: Point
    size: tuple[int, int]

    def fitted(self, photograph: tuple[int, int]) -> Point:
        """Return the width and height of a place that can be shifted in a photograph of a width and height."""
        scale = min(1.0, *(available / (_ROOM * length) for available, length in zip(photograph, self.box)))
        return self.box[0] * scale, self.box[1] * scale


UPRIGHT = Cut((74.0, 148.0), (64, 128))
LYING = Cut((148.0, 74.0), (256, 128))
_ZOOM, _SHIFT, _CONTRAST, _BRIGHTNESS = 0.12, 0.12, 0.2, 0.25
_ROOM = 1.2


@dataclass(frozen=True)
class Style:
    """View of every place by a camera, before the variation that is drawn for each image.

    Attributes:
        zoom: the mean width of a crop, as a share of the place's.
        offset: the mean shift of a crop, as shares of the place's width and height.
        brightness: the mean factor on the grey values.
    """

    zoom: float = 1.0
    offset: Point = (0.0, 0.0)
    brightness: float = 1.0


def jittered_box(photograph: tuple[int, int], centre: Point, style: Style, rng: np.random.Generator, cut: Cut) -> Box:
    """Draw a crop of a place around its centre, shifted as far as it stays in the photograph.

    The width is drawn within 12 % of the camera's, the shift within 12 % of the place's shorter side. The left, top,
    right and bottom edge are in pixels and fractions of them; the box has the shape of the cut's images.
    """
    place = cut.fitted(photograph)
    zoom = style.zoom * (1 + rng.uniform(-_ZOOM, _ZOOM))
    zoom = min(zoom, *(available / length for available, length in zip(photograph, place)))
    lengths = [zoom * length for length in place]
    shifts = [offset * length + rng.uniform(-1, 1) * _SHIFT * min(place) for offset, length in zip(style.offset, place)]
    left, top = (
        float(np.clip(middle + shift - length / 2, 0, available - length))
        for middle, shift, length, available in zip(centre, shifts, lengths, photograph)
    )
    return left, top, left + lengths[0], top + lengths[1]


def expose(image: Image.Image, style: Style, rng: np.random.Generator) -> Image.Image:
    """Give an image a brightness within 25 % of the camera's, and a contrast within 20 % of its contrast."""
    values = np.asarray(image, dtype=np.float32)
    mean = values.mean()
    contrast, brightness = (1 + rng.uniform(-1, 1) * spread for spread in (_CONTRAST, _BRIGHTNESS))
    values = (values - mean) * contrast + mean * style.brightness * brightness
    return Image.fromarray(np.clip(np.round(values), 0, 255).astype(np.uint8))
