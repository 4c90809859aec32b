"""Tests of the values of a depth map that are not misled by a few stray pixels. NumPy only."""

import numpy as np

FEW_LEVELS = 32
"""Grey levels, of 256, below which a map has little contrast, as metric depth in 16 bits has: 5 metres in millimetres
fill 20 levels."""
STRAY = 0.001
"""Share of the pixels at either end of the range that are ignored."""
HOLES = 0.005
"""Share of pixels from which on separate values of 0 are no accident."""
APART = 1 / 32
"""Share of the highest value up to which there must be no values but 0 for it to be separate: 8 levels of 256."""


def grey_levels(depth: np.ndarray) -> float:
    """Return how many of 256 grey levels a map (H, W), uint8 or uint16, fills if divided by its type's largest value.

    Stray pixels do not count, nor do 0 and the largest value of 16 bits, which often stand for no measurement.
    """
    counts, top = np.bincount(depth.ravel()), np.iinfo(depth.dtype).max
    inner = counts.copy()
    inner[0], inner[top:] = 0, 0
    span = _span(inner) if depth.dtype == np.uint16 else 0
    return (span or _span(counts)) / top * 255


def hole_share(depth: np.ndarray) -> float:
    """Return the share of pixels whose value is 0 if 0 is separate from all other values, else 0."""
    counts = np.bincount(depth.ravel())
    share = counts[0] / depth.size
    if not HOLES <= share < 1:
        return 0.0
    counts[0] = 0
    return share if _quantile(counts, STRAY) > APART * (len(counts) - 1) else 0.0


def _span(counts: np.ndarray) -> int:
    """Return the distance between the lowest and the highest value that are no stray pixels."""
    return _quantile(counts, 1 - STRAY) - _quantile(counts, STRAY) if counts.any() else 0


def _quantile(counts: np.ndarray, share: float) -> int:
    """Return the value below which a share of all pixels lies, from the number of pixels of each value."""
    below = counts.cumsum()
    return int(np.searchsorted(below, max(share * below[-1], 1)))
