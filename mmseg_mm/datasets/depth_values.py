"""How much the values of a depth map say, judged by most of its pixels and not by a few. NumPy alone."""

import numpy as np

FEW_LEVELS = 32
"""A map that fills fewer of 256 grey levels says little, as metric depth in 16 bits does: 5 metres in millimetres are
20 of them."""
STRAY = 0.001
"""This share of the pixels at either end may be anything."""
HOLES = 0.005
"""From this share of pixels on, values of 0 that stand apart are no accident."""
APART = 1 / 32
"""Nothing between 0 and this share of the highest value: 8 levels of 256, half a metre of sixteen."""


def grey_levels(depth: np.ndarray) -> float:
    """Return how many of 256 grey levels a map of integers fills when it is divided by its data type's largest.

    Stray pixels do not count, nor do both ends of 16 bits, which often stand for no measurement.

    Args:
        depth: The values (H, W), uint8 or uint16.
    """
    counts, top = np.bincount(depth.ravel()), np.iinfo(depth.dtype).max
    inner = counts.copy()
    inner[0], inner[top:] = 0, 0
    span = _span(inner) if depth.dtype == np.uint16 else 0
    return (span or _span(counts)) / top * 255


def hole_share(depth: np.ndarray) -> float:
    """Return the share of pixels whose value is 0 if this stands apart from all other values, else 0."""
    counts = np.bincount(depth.ravel())
    share = counts[0] / depth.size
    if not HOLES <= share < 1:
        return 0.0
    counts[0] = 0
    return share if _quantile(counts, STRAY) > APART * (len(counts) - 1) else 0.0


def _span(counts: np.ndarray) -> int:
    """The distance between the lowest and the highest value that are no stray pixels."""
    return _quantile(counts, 1 - STRAY) - _quantile(counts, STRAY) if counts.any() else 0


def _quantile(counts: np.ndarray, share: float) -> int:
    """The value below which lies a share of what was counted by its value."""
    below = counts.cumsum()
    return int(np.searchsorted(below, max(share * below[-1], 1)))
