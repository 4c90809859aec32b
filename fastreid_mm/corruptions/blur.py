"""The five blurs of ImageNet-C (Hendrycks and Dietterich, ICLR 2019, appendix B and its code's parameters)."""

from math import ceil, exp

import cv2
import numpy as np

from fastreid_mm.corruptions.pixels import Image, Unit, corruption, cut, to_bytes, to_unit
from fastreid_mm.corruptions.resample import enlarge

GAUSSIAN_SIGMA = (1, 2, 3, 4, 6)
DEFOCUS = ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5))
"""Radius of the disk, and sigma of the Gaussian that smooths its rim."""
GLASS = ((0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2))
"""Sigma of the blur before and after, how far a pixel may move, and how often all pixels move."""
MOTION = ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15))
"""Radius and sigma of the half Gaussian."""
ZOOM = ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03))
"""End and step of the factors from 1 on, as ``numpy.arange`` counts them: 12, 16, 11, 13 and 11 factors."""


@corruption
def gaussian_blur(image: Image, severity: int, generator: np.random.Generator) -> Image:
    """Blur by a Gaussian with a sigma of c pixels, cut off at four sigmas. Nothing is drawn."""
    return to_bytes(smooth(to_unit(image), GAUSSIAN_SIGMA[severity - 1]))


@corruption
def defocus_blur(image: Image, severity: int, generator: np.random.Generator) -> Image:
    """Average over a disk with a smoothed rim. Nothing is drawn."""
    return to_bytes(cv2.filter2D(to_unit(image), -1, disk(*DEFOCUS[severity - 1])))


@corruption
def glass_blur(image: Image, severity: int, generator: np.random.Generator) -> Image:
    """Overwrite pixels by neighbours, between two Gaussian blurs.

    One after the other, from the last row and column to the first, each by a pixel whose row and column are from c less
    to c - 1 more. The paper has pixels change places; in the released code the neighbour keeps its value as well.
    """
    sigma, reach, rounds = GLASS[severity - 1]
    (height, width), soft = image.shape[:2], to_bytes(smooth(to_unit(image), sigma))
    order = np.arange(height * width).tolist()
    rows, columns = np.arange(height - reach, reach, -1), np.arange(width - reach, reach, -1)
    here = (rows[:, None] * width + columns).ravel()
    for _ in range(rounds):
        right, down = generator.integers(-reach, reach, (len(here), 2)).T
        for first, second in zip(here.tolist(), (here + down * width + right).tolist()):
            order[first] = order[second]
    shuffled = soft.reshape(-1, 3)[order].reshape(image.shape)
    return to_bytes(smooth(to_unit(shuffled), sigma))


@corruption
def motion_blur(image: Image, severity: int, generator: np.random.Generator) -> Image:
    """Blur by half a Gaussian along a direction of at most 45 degrees to the rows."""
    radius, sigma = MOTION[severity - 1]
    return cut(streak(image, radius, sigma, generator.uniform(-45, 45)))


@corruption
def zoom_blur(image: Image, severity: int, generator: np.random.Generator) -> Image:
    """Average the image and enlargements of it, the first of which is by 1. Nothing is drawn.

    Only the upper left part counts of an enlargement that is larger than the image.
    """
    values, (end, step) = to_unit(image, np.float32), ZOOM[severity - 1]
    height, width = values.shape[:2]
    factors = np.arange(1, end, step).tolist()
    total = sum(enlarge(values, factor)[:height, :width] for factor in factors)
    return to_bytes((values + total) / (len(factors) + 1))


def smooth(values: Unit, sigma: float) -> Unit:
    """Blur by a Gaussian of ``sigma`` pixels, cut off at four sigmas; the border is repeated.

    Summed from its ends to its middle as SciPy does, not by OpenCV: where the image is flat, the last bit of the sum
    decides to which whole byte it is cut.
    """
    reach = int(4 * sigma + 0.5)
    weights = np.exp(-0.5 / sigma**2 * np.arange(-reach, reach + 1) ** 2)
    weights /= weights.sum()
    for axis in (0, 1):
        length = values.shape[axis]
        padded = np.pad(values, [(reach, reach) if axis == each else (0, 0) for each in range(values.ndim)], "edge")
        shifted = [padded[(slice(None),) * axis + (slice(first, first + length),)] for first in range(2 * reach + 1)]
        total = shifted[reach] * weights[reach]
        for before, after, weight in zip(shifted[:reach], shifted[:reach:-1], weights):
            total += (before + after) * weight
        values = total.astype(values.dtype)
    return values


def disk(radius: int, sigma: float) -> np.ndarray:
    """Make a square kernel: a disk of sum 1, smoothed by a Gaussian of 3 x 3 pixels, 5 x 5 for a radius above 8.

    At a radius of 8 and more the rim is at the border, and smoothing adds 1% to the sum, as in the released code.
    """
    reach, size = max(8, radius), 3 if radius <= 8 else 5
    squares = np.arange(-reach, reach + 1) ** 2
    flat = (squares[:, None] + squares <= radius**2).astype(np.float32)
    return cv2.GaussianBlur(flat / flat.sum(), (size, size), sigma)


def streak(values: Unit, radius: int, sigma: float, angle: float) -> Unit:
    """Average along a direction: exp(-i^2 / 2 sigma^2) over the pixels i = 0 .. 2 radius.

    As Michaelis et al. wrote ImageMagick's motion blur, which ImageNet-C calls. Where the image ends before the kernel,
    the rest of the kernel is left out and the image gets darker.

    Args:
        values: (H, W, 3) or (H, W); the border is repeated.
        radius: the kernel has 2 radius + 1 pixels.
        sigma: of the half Gaussian, in pixels.
        angle: in degrees, 0 to the right, 90 down.

    Returns:
        The blurred values, of the same shape, float64.
    """
    along = range(2 * radius + 1)
    # math.exp: NumPy's differs in its last bit between machines, which decides what flat parts of an image become
    weights = np.array([exp(-(step**2) / (2 * sigma**2)) for step in along]) / (np.sqrt(2 * np.pi) * sigma)
    weights /= weights.sum()
    direction, (height, width) = np.radians(angle), values.shape[:2]
    beyond = 2 * radius + 1
    padded = np.pad(values, [(beyond, beyond)] * 2 + [(0, 0)] * (values.ndim - 2), "edge")
    blurred = np.zeros(values.shape)
    for step, weight in zip(along, weights.tolist()):
        down, right = ceil(step * np.sin(direction) - 0.5), ceil(step * np.cos(direction) - 0.5)
        if abs(down) >= height or abs(right) >= width:
            break
        top, left = beyond + down, beyond + right
        blurred += weight * padded[top : top + height, left : left + width]
    return blurred
