"""Contrast, saturation, scaling and compression (Hendrycks and Dietterich, ICLR 2019, its code's parameters)."""

import io

import cv2
import numpy as np
from PIL import Image as Picture

from fastreid_mm.corruptions.hsv import to_hsv, to_rgb
from fastreid_mm.corruptions.pixels import Image, corruption, to_bytes, to_unit
from fastreid_mm.corruptions.resample import look_up

CONTRAST = (0.4, 0.3, 0.2, 0.1, 0.05)
SATURATE = ((0.3, 0), (0.1, 0), (2, 0), (5, 0.1), (20, 0.2))
"""Factor and offset of the saturation."""
PIXELATE = (0.6, 0.5, 0.4, 0.3, 0.25)
JPEG_QUALITY = (25, 18, 15, 10, 7)
ELASTIC = (12.5, 16.25, 21.25, 25, 30)
"""Factor on the smoothed displacements."""
ELASTIC_REACH, ELASTIC_SIGMA = 0.005, 0.01
"""Largest displacement before smoothing, as a share of the height; sigma of the smoothing, of height and width."""


@corruption
def contrast(image: Image, severity: int, generator: np.random.Generator) -> Image:
    """Draw every value towards the mean of its channel: (x - mean) c + mean. Nothing is drawn at random."""
    values = to_unit(image)
    mean = values.mean((0, 1))
    return to_bytes((values - mean) * CONTRAST[severity - 1] + mean)


@corruption
def saturate(image: Image, severity: int, generator: np.random.Generator) -> Image:
    """Replace the saturation s of hue, saturation and value by a s + b, at most 1. Nothing is drawn."""
    factor, offset = SATURATE[severity - 1]
    hsv = to_hsv(to_unit(image))
    hsv[..., 1] = np.clip(hsv[..., 1] * factor + offset, 0, 1)
    return to_bytes(to_rgb(hsv))


@corruption
def pixelate(image: Image, severity: int, generator: np.random.Generator) -> Image:
    """Average boxes to a share c of height and width, and show them as blocks. Nothing is drawn."""
    (height, width), share = image.shape[:2], PIXELATE[severity - 1]
    small = Picture.fromarray(image).resize(
        (max(1, int(width * share)), max(1, int(height * share))), Picture.Resampling.BOX
    )
    return np.asarray(small.resize((width, height), Picture.Resampling.NEAREST))


@corruption
def jpeg_compression(image: Image, severity: int, generator: np.random.Generator) -> Image:
    """Compress by Pillow's JPEG at a low quality. Nothing is drawn."""
    file = io.BytesIO()
    Picture.fromarray(image).save(file, "JPEG", quality=JPEG_QUALITY[severity - 1])
    return np.asarray(Picture.open(file))


@corruption
def elastic_transform(image: Image, severity: int, generator: np.random.Generator) -> Image:
    """Move every pixel by uniform displacements that a Gaussian has smoothed and a factor enlarged.

    As Michaelis et al. (arXiv:1907.07484) have it for images of any size. ImageNet-C itself gives its numbers in pixels
    of 244 x 244 images, and adds an affine map.
    """
    height, width = image.shape[:2]
    reach = ELASTIC_REACH * height
    drawn = generator.uniform(-reach, reach, (2, height, width)).transpose(1, 2, 0)  # to the right, and down
    across, down = ELASTIC_SIGMA * width, ELASTIC_SIGMA * height
    size = [2 * int(3 * sigma + 0.5) + 1 for sigma in (across, down)]
    smoothed = cv2.GaussianBlur(drawn, size, sigmaX=across, sigmaY=down, borderType=cv2.BORDER_REFLECT)
    moved = (ELASTIC[severity - 1] * smoothed).astype(np.float32)
    rows, columns = np.mgrid[:height, :width]
    return to_bytes(look_up(to_unit(image, np.float32), rows + moved[..., 1], columns + moved[..., 0]))
