"""What all corruptions begin and end with: an image and a severity that are checked, and values from 0 to 1."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

import numpy as np
from numpy.typing import DTypeLike

Image = np.ndarray
"""(H, W, 3) RGB image, uint8."""
Unit = np.ndarray
"""(H, W, 3) or (H, W) of values around 0 to 1."""
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


def to_unit(image: Image, dtype: DTypeLike = np.float64) -> Unit:
    """Bytes to values from 0 to 1, of the benchmark's precision: what is cut off later depends on it."""
    return image.astype(dtype) / 255


def to_bytes(values: Unit) -> Image:
    """Values from 0 to 1 to bytes, what is beyond a whole byte cut off as in the benchmark's code, not rounded."""
    return cut(np.clip(values, 0, 1) * 255)


def cut(values: np.ndarray) -> Image:
    """Values from 0 to 255 to bytes, those beyond to the ends, what is beyond a whole byte cut off."""
    return np.clip(values, 0, 255).astype(np.uint8)
