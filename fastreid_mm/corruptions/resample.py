"""Linear interpolation as the benchmark's code has it from SciPy: exact, where OpenCV's is in steps of 1/32 pixel."""

import numpy as np

from fastreid_mm.corruptions.pixels import Unit


def enlarge(values: Unit, factor: float) -> Unit:
    """Enlarge the middle of an image or layer.

    ceil(n / factor) rows and columns from the one at half the rest, rounded down, on become round(that * factor), the
    first and the last of them in their places. So the middle moves by up to a pixel, and the result is the size of the
    image or a little larger; the benchmark's code takes its upper left part.

    Args:
        values: (H, W, ...).
        factor: at least 1.

    Returns:
        At least (H, W, ...), of the same dtype.
    """
    enlarged = values.astype(np.float64)
    for axis in (0, 1):
        length = values.shape[axis]
        kept = int(np.ceil(length / factor))
        size, first = round(kept * factor), (length - kept) // 2
        places = first + np.arange(size) * ((kept - 1) / max(1, size - 1))
        enlarged = _between(enlarged, places, axis)
    return enlarged.astype(values.dtype)


def _between(values: Unit, places: np.ndarray, axis: int) -> Unit:
    below = places.astype(int)
    share = (places - below).reshape([-1, *[1] * (values.ndim - 1 - axis)])
    above = np.minimum(below + 1, values.shape[axis] - 1)
    return values.take(below, axis) * (1 - share) + values.take(above, axis) * share


def look_up(values: Unit, rows: np.ndarray, columns: np.ndarray) -> Unit:
    """Values between the pixels, of an image that goes on beyond its borders as in a mirror.

    Args:
        values: (H, W, 3).
        rows: (h, w), where to look; 0 is the middle of the first row.
        columns: (h, w).

    Returns:
        (h, w, 3) of values' dtype.
    """
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    down, right = (rows - top)[..., None], (columns - left)[..., None]

    def at(row: np.ndarray, column: np.ndarray) -> np.ndarray:
        return values[_mirrored(row, values.shape[0]), _mirrored(column, values.shape[1])]

    upper = at(top, left) * (1 - right) + at(top, left + 1) * right
    lower = at(top + 1, left) * (1 - right) + at(top + 1, left + 1) * right
    return (upper * (1 - down) + lower * down).astype(values.dtype)


def _mirrored(places: np.ndarray, length: int) -> np.ndarray:
    """Whole places of an endless row of mirror images to those of the image itself."""
    places = places % (2 * length)
    return np.minimum(places, 2 * length - 1 - places)
