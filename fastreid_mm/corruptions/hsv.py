"""Hue, saturation and value in double precision, as the benchmark's code has them from scikit-image."""

import numpy as np

from fastreid_mm.corruptions.pixels import Unit


def to_hsv(rgb: Unit) -> Unit:
    """Convert RGB to hue, saturation and value.

    Args:
        rgb: (H, W, 3) from 0 to 1.

    Returns:
        (H, W, 3) from 0 to 1; grey has hue and saturation 0.
    """
    value, span = rgb.max(-1), np.ptp(rgb, -1)
    nonzero = np.where(span == 0, 1, span)
    red, green, blue = np.moveaxis(rgb, -1, 0)
    hue = np.select(
        [blue == value, green == value],
        [4 + (red - green) / nonzero, 2 + (blue - red) / nonzero],
        (green - blue) / nonzero,
    )
    hue = np.where(span == 0, 0, hue / 6 % 1)
    return np.stack([hue, span / np.where(value == 0, 1, value), value], -1)


def to_rgb(hsv: Unit) -> Unit:
    """Convert hue, saturation and value to RGB, all from 0 to 1 and (H, W, 3)."""
    hue, saturation, value = np.moveaxis(hsv, -1, 0)
    sixth = np.floor(hue * 6)
    beyond = hue * 6 - sixth
    low = value * (1 - saturation)
    falling, rising = value * (1 - beyond * saturation), value * (1 - (1 - beyond) * saturation)
    order = np.stack([value, falling, low, low, rising, value])  # of red, from sixth to sixth of the circle of hues
    place = sixth.astype(int) % 6
    return np.stack([np.take_along_axis(order, (place - shift)[None] % 6, 0)[0] for shift in (0, 2, 4)], -1)
