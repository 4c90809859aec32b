"""From an image to a network's input, with Pillow and NumPy alone; the same numbers as the test transforms give."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from fastreid_mm.common.read_image import DEFAULT_RULE, AnyImage, PixelRule, as_rgb

RESIZE = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}


def prepare_image(image: AnyImage, size: Sequence[int], resize: str, pixels: PixelRule = DEFAULT_RULE) -> np.ndarray:
    """An image to (3, H, W) float32 values from 0 to 255.

    Args:
        image: turned upright as its EXIF data say if it is a path.
        size: (height, width).
        resize: "bicubic" or "bilinear".
        pixels: how files are read.

    Raises:
        InputError: names the file that cannot be read, or an array of another shape or data type.
    """
    resized = as_rgb(image, pixels).resize((size[1], size[0]), RESIZE[resize])
    return np.asarray(resized, np.float32).transpose(2, 0, 1)
