"""The five blurs of ImageNet-C (Hendrycks and Dietterich, ICLR 2019, appendix B and its code's parameters)."""

import cv2
import numpy as np

from fastreid_mm.corruptions.pixels import Image, Unit, corruption, to_bytes, to_unit

GAUSSIAN_SIGMA = (1, 2, 3, 4, 6)
DEFOCUS = ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5))
"""Radius of the disk, and sigma of the Gaussian that smooths its rim."""
GLASS = ((0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2))
"""Sigma of the blur before and after, how far a pixel may move, and how often all of them do."""
MOTION = ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15))
"""Radius and sigma of the half Gaussian."""
ZOOM = ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03))
"""Where the factors end, and their step from 1 on, as ``numpy.arange`` counts them: 12, 16, 11, 13 and 11 factors."""


@corruption
def gaussian_blur(image: Image, severity: int, generator: np.random.Generator) -> Image:
    """A Gaussian of c pixels, cut off at four of them. Nothing is drawn."""
    return to_bytes(smooth(to_unit(image), GAUSSIAN_SIGMA[severity - 1]))


@corruption
def defocus_blur(image: Image, severity: int, generator: np.random.Generator) -> Image:
    """The mean over a disk with a smoothed rim. Nothing is drawn."""
    return to_bytes(cv2.filter2D(to_unit(image), -1, disk(*DEFOCUS[severity - 1])))


@corruption
def glass_blur(image: Image, severity: int, generator: np.random.Generator) -> Image:
    """Pixels are overwritten by neighbours, between two Gaussian blurs.

    One after the other, from the last row and column to the first, each by a pixel whose row and column are from c less
    to c - 1 more. The paper has pixels change places; in the released code the neighbour keeps its own as well.
    """
    sigma, reach, rounds = GLASS[severity - 1]
    (height, width), soft = image.shape[:2], to_bytes(smooth(to_unit(image), sigma))
    order = np.arange(height * width).tolist()
    rows, columns = np.arange(height - reach, reach, -1), np.arange(width - reach, reach, -1)
    here = (rows[:, None] * width + columns).ravel()
    for _ in range(rounds):
        down, right = generator.integers(-reach, reach, (2, len(here)))
        for first, second in zip(here.tolist(), (here + down * width + right).tolist()):
            order[first] = order[second]
    shuffled = soft.reshape(-1, 3)[order].reshape(image.shape)
    return to_bytes(smooth(to_unit(shuffled), sigma))


@corruption
def motion_blur(image: Image, severity: int, generator: np.random.Generator) -> Image:
    """Half a Gaussian along a direction of at most 45 degrees to the rows."""
    radius, sigma = MOTION[severity - 1]
    return to_bytes(streak(to_unit(image), radius, sigma, generator.uniform(-45, 45)))


@corruption
def zoom_blur(image: Image, severity: int, generator: np.random.Generator) -> Image:
    """The mean of the image and of enlargements of it, the first of which is by 1. Nothing is drawn."""
    values, (end, step) = to_unit(image), ZOOM[severity - 1]
    return to_bytes(
        np.mean([values, *(enlarge(values, factor) for factor in np.arange(1, end, step).tolist())], axis=0)
    )


def smooth(values: Unit, sigma: float) -> Unit:
    """A Gaussian of ``sigma`` pixels, cut off at four of them; the border is repeated."""
    size = 2 * int(4 * sigma + 0.5) + 1
    return cv2.GaussianBlur(values, (size, size), sigma, borderType=cv2.BORDER_REPLICATE)


def disk(radius: int, sigma: float) -> np.ndarray:
    """A square kernel: a disk of sum 1, smoothed by a Gaussian of 3 x 3 pixels, 5 x 5 from a radius above 8.

    At a radius of 8 and more the rim is at the border, and smoothing adds 1% to the sum, as in the released code.
    """
    reach, size = max(8, radius), 3 if radius <= 8 else 5
    squares = np.arange(-reach, reach + 1) ** 2
    flat = (squares[:, None] + squares <= radius**2).astype(np.float32)
    return cv2.GaussianBlur(flat / flat.sum(), (size, size), sigma)


def streak(values: Unit, radius: int, sigma: float, angle: float) -> Unit:
    """ImageMagick's motion blur: exp(-i^2 / 2 sigma^2) over the pixels i = 0 .. 2 radius in the angle's direction.

    Args:
        values: (H, W, 3) or (H, W); the border is repeated.
        radius: the kernel has 2 radius + 1 pixels.
        sigma: of the half Gaussian, in pixels.
        angle: in degrees, 0 to the right, 90 down.
    """
    along = np.arange(2 * radius + 1)
    weights = np.exp(-(along**2) / (2 * sigma**2))
    direction = np.radians(angle)
    down = np.ceil(along * np.sin(direction) - 0.5).astype(int)
    right = np.ceil(along * np.cos(direction) - 0.5).astype(int)
    origin = int(-min(0, right.min())), int(-min(0, down.min()))  # where the pixel itself is in the kernel
    kernel = np.zeros((down.max() + origin[1] + 1, right.max() + origin[0] + 1), np.float32)
    np.add.at(kernel, (down + origin[1], right + origin[0]), weights / weights.sum())
    return cv2.filter2D(values, -1, kernel, anchor=origin, borderType=cv2.BORDER_REPLICATE)


def enlarge(values: Unit, factor: float) -> Unit:
    """The middle of an image or layer, enlarged to its size by linear interpolation."""
    height, width = values.shape[:2]
    shift = (1 - 1 / factor) / 2
    matrix = np.array([[1 / factor, 0, (width - 1) * shift], [0, 1 / factor, (height - 1) * shift]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(values, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
