"""Steps of the benchmark's code, written naively, and an image to try them on."""

import numpy as np
import pytest
from scipy import ndimage

from fastreid_mm.corruptions import SEVERITIES

every_severity = pytest.mark.parametrize("severity", SEVERITIES)


def draws(seed=5):
    return np.random.default_rng(seed)


def person(height=57, width=31):
    """Smooth shapes with noise, a flat white and a flat dark part, of odd size."""
    random = np.random.default_rng(1)
    image = ndimage.gaussian_filter(random.uniform(-1500, 1800, (height, width, 3)), (3, 2, 0)).clip(0, 255)
    image = (image + random.integers(0, 9, image.shape)).clip(0, 255).astype(np.uint8)
    image[:15] = 255
    image[40:, :16] = 18, 70, 3
    return image


def whole(values):
    """Values from 0 to 1 as the code stores them: what is beyond a whole number is cut off."""
    return np.uint8(np.clip(values, 0, 1) * 255)


def close(found, expected, share=0.002):
    """No more than a level apart, and that where sums in another order end below a whole number."""
    difference = np.abs(found.astype(int) - expected.astype(int))
    assert difference.max() <= 1 and (difference > 0).mean() <= share


def blurred(values, sigma):
    return ndimage.gaussian_filter(values, (sigma, sigma, 0)[: values.ndim], mode="nearest", truncate=4)


def streaked(values, radius, sigma, angle):
    """A half Gaussian along the angle, pixel by pixel; nothing is added once the image ends."""
    height, width = values.shape[:2]
    taps = np.exp(-(np.arange(2 * radius + 1) ** 2) / (2 * sigma**2))
    total = np.zeros(values.shape)
    for step, tap in enumerate(taps / taps.sum()):
        down = int(np.ceil(step * np.sin(np.deg2rad(angle)) - 0.5))
        right = int(np.ceil(step * np.cos(np.deg2rad(angle)) - 0.5))
        if abs(down) >= height or abs(right) >= width:
            break
        rows, columns = np.clip(np.arange(height) + down, 0, height - 1), np.arange(width) + right
        total += tap * values[rows][:, np.clip(columns, 0, width - 1)]
    return total


def zoomed(values, factor):
    """SciPy's zoom of the middle; more rows and columns than the image has are left to the caller."""
    for axis in (0, 1):
        kept = int(np.ceil(values.shape[axis] / factor))
        first = (values.shape[axis] - kept) // 2
        values = values.take(range(first, first + kept), axis)
    return ndimage.zoom(values, (factor, factor, 1)[: values.ndim], order=1)
