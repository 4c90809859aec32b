"""What all corruptions begin and end with: an image and a severity that are checked, and values from 0 to 1."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

import numpy as np

Image = np.ndarray
"""(H, W, 3) RGB image, uint8."""
Unit = np.ndarray
"""(H, W, 3) or (H, W) float32 of values around 0 to 1."""
More = ParamSpec("More")

SEVERITIES = (1, 2, 3, 4, 5)
"""From the mildest to the worst."""


def corruption(
    function: Callable[Concatenate[Image, int, More], Image],
) -> Callable[Concatenate[Image, int, More], Image]:
    """Make a corruption refuse what is not an image, and severities it does not have."""

    @wraps(function)
    def checked(image: Image, severity: int, *args: More.args, **kwargs: More.kwargs) -> Image:
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
            raise ValueError(f"image must be (H, W, 3) of uint8, got {image.shape} of {image.dtype}")
        if severity not in SEVERITIES:
            raise ValueError(f"severity must be 1 to 5, got {severity}")
        return function(image, severity, *args, **kwargs)

    return checked


def to_unit(image: Image) -> Unit:
    """Bytes to values from 0 to 1."""
    return image.astype(np.float32) / np.float32(255)


def to_bytes(values: Unit) -> Image:
    """Values to the nearest bytes, those out of 0 to 1 to the ends."""
    return (np.clip(values, 0, 1) * 255).round().astype(np.uint8)
