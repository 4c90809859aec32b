"""Reading of images for samples, JPEG files by torchvision: with the pixels of Pillow, in about half of its time."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision.io import ImageReadMode, decode_jpeg

from fastreid_mm.common.read_image import DEFAULT_RULE, PixelRule, read_rgb

JPEG = b"\xff\xd8"
"""Bytes that JPEG files begin with."""

HEADER = 2**16
"""Bytes at the beginning of a file in which its size has to stand, or else Pillow reads it."""


def read_pixels(path: str, rule: PixelRule = DEFAULT_RULE) -> Tensor | Image.Image:
    """Read a file as :func:`read_rgb` does: as uint8 (3, H, W) if torchvision can, else as an image of Pillow.

    torchvision decodes JPEG files of grey or of red, green and blue without EXIF data, which may ask for a rotation.
    All others are left to Pillow, and what torchvision cannot decode, so that errors are the same. Of
    damaged data that can be decoded libjpeg writes a line, which does not name the file.

    Args:
        path: the path of the file.
        rule: the rule for more than 8 bits and for the number of pixels.

    Raises:
        InputError: see :func:`read_rgb`.
    """
    try:
        with open(path, "rb") as file:
            data = file.read() if file.peek(2)[:2] == JPEG else b""  # Pillow would read others again
        if _is_plain(data, rule.max_pixels):
            return decode_jpeg(torch.frombuffer(bytearray(data), dtype=torch.uint8), ImageReadMode.RGB)
    except (OSError, RuntimeError):  # Pillow says what is wrong
        pass
    return read_rgb(path, rule)


def as_picture(pixels: Tensor | Image.Image) -> Image.Image:
    """Make an image of Pillow of uint8 (3, H, W), or return it if it is one."""
    if not isinstance(pixels, Tensor):
        return pixels
    return Image.fromarray(np.ascontiguousarray(pixels.numpy().transpose(1, 2, 0)))


def _is_plain(data: bytes, max_pixels: int) -> bool:
    """Tell by its header whether a file is such a JPEG file, of no more than so many pixels."""
    place = 2  # after the marker that every JPEG file begins with
    while place < min(len(data) - 10, HEADER) and data[place] == 0xFF:
        marker, size = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if marker in (0xE1, 0xEE):  # EXIF or XMP, and Adobe's, whose colours may be others
            return False
        if marker in (0xC0, 0xC1, 0xC2):  # baseline, extended and progressive frames
            bits, channels = data[place + 4], data[place + 9]
            height, width = (int.from_bytes(data[place + at : place + at + 2], "big") for at in (5, 7))
            return bits == 8 and channels in (1, 3) and 0 < height * width <= max_pixels
        place += 2 + size
    return False
