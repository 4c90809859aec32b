"""Opening of image files with a bound on their pixels, before anything is decoded. Needs only Pillow."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, BinaryIO

from fastreid_mm.common.errors import InputError, first_line

if TYPE_CHECKING:  # parsers of commands need the default alone, before it is known what is installed
    from PIL import Image

MAX_PIXELS = 2**25
"""Default of the largest number of pixels, 33.5 million: 5792 x 5792, some 100 MB as red, green and blue."""

FORMATS = ("BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")
"""Formats that are opened, by Pillow's names, whatever a file is called: bitmaps. PostScript would run as a program."""

DEEP = ("I;16", "I;16B", "I;16L", "I", "F")
"""Pillow's modes of grey images of more than 8 bits, whose conversion to RGB would make values above 255 white."""

FEW_LEVELS = 128
"""Number of grey levels, of 256, below which an image whose file has more than 8 bits has lost much: 14 bits of a
camera leave 64 levels in the upper half of 16, 12 bits leave 16."""


def deep_channels(image: Image.Image) -> bool:
    """Tell whether Pillow drops the lower 8 of 16 bits of several channels; to be called before decoding."""
    return image.mode not in DEEP and any(";16" in str(tile) for tile in getattr(image, "tile", ()))


def open_image(file: str | PathLike | BinaryIO, name: str, limit: int, key: str) -> Image.Image:
    """Open an image without decoding it, to be closed by the caller, and refuse it if it has too many pixels.

    Args:
        file: its path or content.
        name: the name of the file, for messages.
        limit: the largest number of pixels. Pillow's own limit, 178,956,970, applies, too.
        key: the name of the config key or argument that sets the limit.

    Raises:
        InputError: names the file, its pixels and the key.
        Exception: raised by Pillow for a file that is damaged or has none of the :data:`FORMATS`.
    """
    from PIL import Image

    try:
        image = Image.open(file, formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise InputError(f"{name} has more pixels than {key} allows: {first_line(error)}") from None
    try:
        require_pixels(image.size, name, limit, key)
    except InputError:
        image.close()
        raise
    return image


def require_pixels(size: tuple[int, int], name: str, limit: int, key: str) -> None:
    """Refuse an image with too many pixels by its width and height; see :func:`open_image`.

    Raises:
        InputError: names the file, its pixels and the key.
    """
    width, height = size
    if width * height > limit:
        raise InputError(f"{name} has {width} x {height} pixels, more than {key} {limit} allows")
