"""Conversion of the values of a mask's file to a mask, with remarks on doubtful values. NumPy only."""

import numpy as np

MIDDLE = 128
"""Value above which a pixel belongs to the object, as in PySODMetrics."""
ROUNDING = 8
"""Largest distance from 0 and 255 that JPEG gives black and white."""
FEW = 8
"""Largest number of values of a mask without soft edges."""
BORDER = 0.9
"""Share of the border above which a mask is probably inverted: few objects touch all sides of a picture."""

MOSTLY_OBJECT = 0.5
"""Mean share of object pixels above which the masks of a set are probably inverted: published sets have 0.1 to 0.3."""


def mostly_object(share: float) -> str:
    """Say that a set's masks are probably inverted, by the mean share of object pixels."""
    return f"its masks fill {share:.1%} of their pixels in the mean, are they inverted?"


def binary_mask(grey: np.ndarray) -> tuple[np.ndarray, str]:
    """Make a mask from grey values: 0 and 255, with soft edges cut at 128; 0 and 1; or any other two values.

    Args:
        grey: the values (H, W), uint8, or uint16 from 0 to 255 or to 65535.

    Returns:
        The mask (H, W), uint8 with values 0 and 1, and a remark on anything odd about it, or an empty text. If the
        object had to be guessed, the remark says its share of the pixels.
    """
    if grey.dtype == np.uint16:
        grey = (np.rint(grey / 257) if grey.max() > 255 else grey).astype(np.uint8)
    counts = np.bincount(grey.ravel(), minlength=256)
    values = np.flatnonzero(counts)
    threshold = _threshold(values)
    mask = (grey > threshold).astype(np.uint8)
    return mask, _remark(values, counts, threshold, mask)


def _threshold(values: np.ndarray) -> int:
    low, high = int(values[0]), int(values[-1])
    if high <= 1:
        return 0
    return (low + high) // 2 if len(values) == 2 or high <= MIDDLE else MIDDLE


def _remark(values: np.ndarray, counts: np.ndarray, threshold: int, mask: np.ndarray) -> str:
    low, high = int(values[0]), int(values[-1])
    guessed = f"above {threshold} is taken for the object, {mask.mean():.1%} of its pixels"
    if low == high:
        return f"is {low} everywhere" if high else "is all black"
    if (low, high) != (0, 1) and (low > ROUNDING or high < 255 - ROUNDING):
        description = f"holds {low} and {high}" if len(values) == 2 else f"lies between {low} and {high}"
        return f"{description}, not 0 and 255; {guessed}"
    end = 1 if len(values) <= FEW else ROUNDING
    white = counts[high + 1 - end :].sum()
    if end == 1 and any(0 < value < ROUNDING for value in values[1:-1]):
        return f"holds {', '.join(map(str, values))}, as class indices do; {guessed}"
    if counts[low + end : high + 1 - end].sum() > white:
        return f"has more pixels between black and white than white ones, as a grey map has; {guessed}"
    border = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]]).mean()
    return f"fills its border and {mask.mean():.1%} of its pixels, is it inverted?" if border > BORDER else ""
