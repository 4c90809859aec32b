"""Thermal images of toy scenes: what is near in a scene with depth is warm in one with a thermal image."""

import numpy as np
from PIL import Image

IRON = np.array([(0, 0, 10), (70, 0, 120), (190, 20, 130), (240, 100, 20), (255, 200, 20), (255, 255, 240)], float)
"""Red, green and blue of an iron palette from cold to hot, as cameras draw false colours."""
COLDEST, LEVEL = 28_815, 8
"""Kelvin times 100 of black, 15 degrees, and of the step from one grey value to the next."""


def false_colours(warmth: Image.Image) -> Image.Image:
    """Draw grey values in the false colours of a thermal camera."""
    positions = np.linspace(0, 255, len(IRON))
    grey = np.asarray(warmth)
    return Image.fromarray(
        np.stack([np.interp(grey, positions, channel) for channel in IRON.T], axis=-1).round().astype(np.uint8)
    )


def radiometric(warmth: Image.Image) -> Image.Image:
    """Turn grey values into kelvin times 100, 16 bits."""
    return Image.fromarray((COLDEST + LEVEL * np.asarray(warmth, np.int32)).astype(np.uint16))
