"""Preparation of an image as a network's input with Pillow and NumPy alone, as the test transforms do it."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from fastreid_mm.common.read_image import DEFAULT_RULE, AnyImage, PixelRule, as_rgb

RESIZE = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}


def prepare_image(image: AnyImage, size: Sequence[int], resize: str, pixels: PixelRule = DEFAULT_RULE) -> np.ndarray:
    """Read and resize an image, (3, H, W) float32 values from 0 to 255.

    Args:
        image: a path, a PIL image or an array; a file is turned upright as its EXIF data say.
        size: (height, width).
        resize: "bicubic" or "bilinear".
        pixels: the rule by which files are read.

    Raises:
        InputError: a file cannot be read, or an array has another shape or data type.
    """
    resized = as_rgb(image, pixels).resize((size[1], size[0]), RESIZE[resize])
    return np.asarray(resized, np.float32).transpose(2, 0, 1)
