"""Reading one image, with an error that names it. It needs Pillow and NumPy alone."""

from contextlib import suppress
from os import PathLike, fspath

import numpy as np
from PIL import Image, ImageOps

from fastreid_mm.errors import InputError, first_line

AnyImage = str | PathLike | Image.Image | np.ndarray
"""A path, a PIL image, or a uint8 array, (H, W, 3) of red, green and blue or (H, W) of grey."""

DEEP = ("I;16", "I;16B", "I;16L", "I")
"""Pillow's modes of 16 bit grey images, whose conversion to RGB would make everything above 255 white."""


def as_rgb(image: AnyImage) -> Image.Image:
    """An image in three channels of 8 bits; of 16 bits the upper 8 are kept. Only files are turned by their EXIF data.

    Raises:
        InputError: names the file that cannot be read, or an image or array of another shape or data type.
    """
    if isinstance(image, Image.Image):
        return _shallow(image).convert("RGB")
    if not isinstance(image, np.ndarray):
        return read_rgb(fspath(image))
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3):
        raise InputError(f"an image is uint8 of (H, W, 3) or (H, W), not {image.dtype} of {image.shape}")
    return Image.fromarray(image).convert("RGB")


def read_rgb(path: str) -> Image.Image:
    """An image file in three channels of 8 bits, turned as its EXIF data say; those of an infrared image are equal.

    Of 16 bits the upper 8 are kept, of an animation the first picture, and of transparency nothing.

    Raises:
        InputError: names the file that does not exist, that cannot be read or that is too large to be an image.
    """
    try:
        with Image.open(path) as image:
            return _shallow(_upright(image)).convert("RGB")
    except FileNotFoundError:
        raise InputError(f"image {path} does not exist; was the data set moved or changed?") from None
    except Exception as error:  # a damaged file raises nearly anything, struct.error and KeyError among it
        raise InputError(f"cannot read image {path}: {first_line(error)}") from None


def _upright(image: Image.Image) -> Image.Image:
    """The image turned, unless its EXIF data are damaged."""
    image.load()  # outside the suppression below: its errors are those of the image
    with suppress(Exception):
        return ImageOps.exif_transpose(image)
    return image


def _shallow(image: Image.Image) -> Image.Image:
    """The image in 8 bits a channel."""
    if image.mode == "F":
        raise InputError("floating point, 8 or 16 bit integers are needed")
    if image.mode in DEEP:
        return Image.fromarray((np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))
    return image
