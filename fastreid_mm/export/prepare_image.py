"""From an image to a network's input, with Pillow and NumPy alone; the same numbers as the test transforms give."""

from collections.abc import Sequence
from os import PathLike, fspath

import numpy as np
from PIL import Image, ImageOps

from fastreid_mm.errors import InputError, first_line

AnyImage = str | PathLike | Image.Image | np.ndarray
"""A path, a PIL image, or a uint8 array, (H, W, 3) of red, green and blue or (H, W) of grey."""

RESIZE = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}


def prepare_image(image: AnyImage, size: Sequence[int], resize: str) -> np.ndarray:
    """An image to (3, H, W) float32 values from 0 to 255.

    Args:
        image: turned upright as its EXIF data say if it is a path.
        size: (height, width).
        resize: "bicubic" or "bilinear".

    Raises:
        InputError: names the file that cannot be read, or an array of another shape or data type.
    """
    resized = _in_color(image).resize((size[1], size[0]), RESIZE[resize])
    return np.asarray(resized, np.float32).transpose(2, 0, 1)


def _in_color(image: AnyImage) -> Image.Image:
    if isinstance(image, np.ndarray):
        if image.dtype != np.uint8 or image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)):
            raise InputError(f"an image is uint8 of (H, W, 3) or (H, W), not {image.dtype} of {image.shape}")
        image = Image.fromarray(image)
    if isinstance(image, Image.Image):
        return image.convert("RGB")
    path = fspath(image)
    try:
        with Image.open(path) as file:
            return ImageOps.exif_transpose(file).convert("RGB")
    except (OSError, ValueError, SyntaxError) as error:  # all that PIL raises for broken files
        raise InputError(f"cannot read image {path}: {first_line(error)}") from None
