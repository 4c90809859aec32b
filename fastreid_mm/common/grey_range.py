"""Reduction of the values of thermal images to 8 bits, by a range of values. NumPy only."""

from collections.abc import Iterable, Sequence

import numpy as np

from fastreid_mm.common.errors import InputError

OWN_RANGE = (0.1, 99.9)
"""Percentiles between which the values of an image lie, except for a few dead pixels."""

DRAWN = 10_000
"""Largest number of values of an image that count for the range of a set, evenly spread over it."""


def is_range(values: Sequence[float]) -> bool:
    """Tell whether values are a finite number and a higher one."""
    return len(values) == 2 and all(np.isfinite(value) for value in values) and values[0] < values[1]


def require_percentiles(name: str, values: Sequence[float]) -> None:
    """Refuse anything but two rising percentiles.

    Raises:
        InputError: names the argument and the values.
    """
    if not (is_range(values) and values[0] >= 0 and values[1] <= 100):
        raise InputError(f"{name} {tuple(values)} are not a percentile and a higher one, between 0 and 100")


def own_range(values: np.ndarray, percentiles: Sequence[float] = OWN_RANGE) -> tuple[float, float]:
    """Return the values at two percentiles of an image, or its lowest and highest if these are the same."""
    low, high = np.percentile(values, percentiles)
    return (low, high) if low < high else (values.min(), values.max())


def set_range(images: Iterable[np.ndarray], percentiles: Sequence[float] = OWN_RANGE) -> tuple[float, float] | None:
    """Return the values at two percentiles of all images of a set, each with the same weight; None without images."""
    drawn = [_drawn(image.ravel()) for image in images]
    if not drawn:
        return None
    low, high = own_range(np.concatenate(drawn), percentiles)
    return float(low), float(high)


def _drawn(values: np.ndarray) -> np.ndarray:
    return values[np.linspace(0, len(values) - 1, DRAWN).round().astype(int)].astype(np.float64)


def to_grey(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Scale values from a range to 0 .. 255, uint8; those beyond the range become black or white."""
    scaled = (values.astype(np.float32) - np.float32(low)) / np.float32((high - low) or 1)
    return np.rint(scaled.clip(0, 1) * 255).astype(np.uint8)
