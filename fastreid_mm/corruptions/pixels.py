"""Beginning and end of every corruption: checks of image and severity, and conversion to values from 0 to 1."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

import numpy as np
from numpy.typing import DTypeLike

Image = np.ndarray
"""RGB image (H, W, 3), uint8."""
Unit = np.ndarray
"""Values (H, W, 3) or (H, W) around 0 to 1."""
More = ParamSpec("More")

SEVERITIES = (1, 2, 3, 4, 5)
"""Severities of a corruption, from the mildest to the worst."""


def corruption(
    function: Callable[Concatenate[Image, int, More], Image],
) -> Callable[Concatenate[Image, int, More], Image]:
    """Make a corruption refuse images and severities that it does not accept."""

    @wraps(function)
    def checked(image: Image, severity: int, *args: More.args, **kwargs: More.kwargs) -> Image:
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
            raise ValueError(f"image must be (H, W, 3) of uint8, got {image.shape} of {image.dtype}")
        if severity not in SEVERITIES:
            raise ValueError(f"severity must be 1 to 5, got {severity}")
        return function(image, severity, *args, **kwargs)

    return checked


def to_unit(image: Image, dtype: DTypeLike = np.float64) -> Unit:
    """Convert bytes to values from 0 to 1, in the benchmark's precision, on which later roundings depend."""
    return image.astype(dtype) / 255


def to_bytes(values: Unit) -> Image:
    """Convert values from 0 to 1 to bytes, rounded down as in the benchmark's code."""
    return cut(np.clip(values, 0, 1) * 255)


def cut(values: np.ndarray) -> Image:
    """Convert values to bytes, clipped to 0 .. 255 and rounded down."""
    return np.clip(values, 0, 255).astype(np.uint8)
