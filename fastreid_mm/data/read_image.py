"""Reading one image, with an error that names it."""

from contextlib import suppress

import numpy as np
from PIL import Image, ImageOps

from fastreid_mm.errors import InputError, first_line

DEEP = ("I;16", "I;16B", "I;16L", "I")
"""Pillow's modes of 16 bit grey images, whose conversion to RGB would make everything above 255 white."""


def read_rgb(path: str) -> Image.Image:
    """An image file in three channels of 8 bits, turned as its EXIF data say; those of an infrared image are equal.

    Of 16 bits the upper 8 are kept, of an animation the first picture, and of transparency nothing.

    Raises:
        InputError: names the file that does not exist, that cannot be read or that is too large to be an image.
    """
    try:
        with Image.open(path) as image:
            return _upright(image).convert("RGB")
    except FileNotFoundError:
        raise InputError(f"image {path} does not exist; was the data set moved or changed?") from None
    except Exception as error:  # a damaged file raises nearly anything, struct.error and KeyError among it
        raise InputError(f"cannot read image {path}: {first_line(error)}") from None


def _upright(image: Image.Image) -> Image.Image:
    """The image in 8 bits a channel, turned unless its EXIF data are damaged."""
    image.load()  # outside the suppression below: its errors are those of the image
    with suppress(Exception):
        image = ImageOps.exif_transpose(image)
    if image.mode == "F":
        raise ValueError("floating point, 8 or 16 bit integers are needed")
    if image.mode in DEEP:
        return Image.fromarray((np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))
    return image
