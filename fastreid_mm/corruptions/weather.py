"""Snow, fog and brightness of ImageNet-C (Hendrycks and Dietterich, ICLR 2019, its code's parameters)."""

import cv2
import numpy as np

from fastreid_mm.corruptions.blur import streak
from fastreid_mm.corruptions.hsv import to_hsv, to_rgb
from fastreid_mm.corruptions.pixels import Image, corruption, to_bytes, to_unit
from fastreid_mm.corruptions.resample import enlarge

SNOW = (
    (0.1, 0.3, 3, 0.5, 10, 4, 0.8),
    (0.2, 0.3, 2, 0.5, 12, 4, 0.7),
    (0.55, 0.3, 4, 0.9, 12, 8, 0.7),
    (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
    (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
)
"""Mean and deviation of the flakes' layer, its enlargement, the least value that shows, radius and sigma
of their fall, and the share of the image that is not whitened."""
FOG = ((1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4))
"""Thickness of the fog, and factor by which it is smoother from scale to scale."""
BRIGHTNESS = (0.1, 0.2, 0.3, 0.4, 0.5)


@corruption
def snow(image: Image, severity: int, generator: np.random.Generator) -> Image:
    """Whiten the image, and add a layer of falling flakes twice, the second time turned by 180 degrees."""
    mean, deviation, factor, threshold, radius, sigma, kept = SNOW[severity - 1]
    height, width = image.shape[:2]
    layer = enlarge(mean + deviation * generator.standard_normal((height, width)), factor)
    layer[layer < threshold] = 0
    fallen = streak(np.clip(layer, 0, 1), radius, sigma, generator.uniform(-135, -45))[:height, :width, None]
    fallen = np.round(fallen * 255) / 255
    values = to_unit(image, np.float32)
    white = np.maximum(values, cv2.cvtColor(values, cv2.COLOR_RGB2GRAY)[..., None] * 1.5 + 0.5)
    return to_bytes(kept * values + (1 - kept) * white + fallen + fallen[::-1, ::-1])


@corruption
def fog(image: Image, severity: int, generator: np.random.Generator) -> Image:
    """Add fog: (x + c f) m / (m + c) with f a plasma fractal and m the largest value of the image."""
    thickness, decay = FOG[severity - 1]
    values, (height, width) = to_unit(image), image.shape[:2]
    largest = values.max()
    clouds = plasma(1 << (max(height, width) - 1).bit_length(), decay, generator)[:height, :width, None]
    return to_bytes((values + thickness * clouds) * largest / (largest + thickness))


@corruption
def brightness(image: Image, severity: int, generator: np.random.Generator) -> Image:
    """Add c to the value of hue, saturation and value, at most up to 1. Nothing is drawn."""
    hsv = to_hsv(to_unit(image))
    hsv[..., 2] = np.clip(hsv[..., 2] + BRIGHTNESS[severity - 1], 0, 1)
    return to_bytes(to_rgb(hsv))


def plasma(size: int, decay: float, generator: np.random.Generator) -> np.ndarray:
    """Make a fractal of clouds by the diamond-square method, on a torus.

    Each point is the mean of four points around it, plus a number between -w^2 and w^2; w is 100 at the coarsest scale
    and divided by the decay from each scale to the next, which is half as coarse.

    Args:
        size: a power of two.
        decay: above 1.
        generator: draws the numbers.

    Returns:
        (size, size) from 0 to 1, both of which occur.
    """
    field, wibble, step = np.zeros((size, size)), 100.0, size

    def around(total: np.ndarray) -> np.ndarray:
        return total / 4 + wibble * generator.uniform(-wibble, wibble, total.shape)

    while step >= 2:
        half = step // 2
        corners = field[::step, ::step]
        pairs = corners + np.roll(corners, -1, 0)
        centres = field[half::step, half::step] = around(pairs + np.roll(pairs, -1, 1))
        beside = corners + np.roll(corners, -1, 1)
        field[::step, half::step] = around(beside + centres + np.roll(centres, 1, 0))
        field[half::step, ::step] = around(pairs + centres + np.roll(centres, 1, 1))
        step, wibble = half, wibble / decay
    field -= field.min()
    return field / max(field.max(), np.finfo(np.float64).tiny)
