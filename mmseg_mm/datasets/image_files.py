"""Depth maps and masks as the data sets hold them: grey, grey saved in three channels, with or without alpha."""

from pathlib import Path

import cv2
import mmcv
import numpy as np
from mmengine import fileio
from PIL import Image

from fastreid_mm.errors import InputError

COLOURED = 8
"""Mean difference between channels, in 256ths of the range, above which three channels are a picture in colour. JPEG's
rounding makes them differ by one or two."""


def read_grey(path: str, backend_args: dict | None = None) -> np.ndarray:
    """Read a one-channel image, whatever it was saved as.

    Returns:
        (H, W) of the file's own type: uint8 or uint16.

    Raises:
        InputError: the file is missing, not an image, in colour, or of another type.
    """
    image = _decode(path, backend_args)
    if image.dtype not in (np.uint8, np.uint16):
        raise InputError(f"{path} holds {image.dtype}, 8 or 16 bit integers are needed")
    if image.ndim == 2:
        return image
    colours = image[..., :3].astype(np.int32)  # without alpha
    if np.ptp(colours, axis=2).mean() > COLOURED * np.iinfo(image.dtype).max / 255:
        raise InputError(f"{path} is a picture in colour, a grey one is needed")
    return colours.mean(axis=2).round().astype(image.dtype)


def _decode(path: str, backend_args: dict | None) -> np.ndarray:
    try:
        image = mmcv.imfrombytes(fileio.get(path, backend_args=backend_args), flag="unchanged", backend="cv2")
    except FileNotFoundError:
        raise InputError(f"{path} does not exist") from None
    except (OSError, cv2.error) as error:
        raise InputError(f"{path} cannot be read: {type(error).__name__}") from error
    if image is None:
        raise InputError(f"{path} is not an image that can be read")
    return image


def read_mask(path: str, backend_args: dict | None = None) -> np.ndarray:
    """Read a saliency mask: 0 and 255, 0 and 1, or with soft edges, which are cut where PySODMetrics cuts them.

    Returns:
        (H, W) uint8 of 0 and 1.

    Raises:
        InputError: see :func:`read_grey`; also for more than 8 bits.
    """
    grey = read_grey(path, backend_args)
    if grey.dtype != np.uint8:
        raise InputError(f"{path} holds {grey.dtype}, a mask has 8 bits")
    threshold = 0 if grey.max() <= 1 else 128
    return (grey > threshold).astype(np.uint8)


def image_size(path: str | Path) -> tuple[int, int]:
    """Width and height from an image's header, as the loaders will see them: turned if its EXIF data say so.

    Raises:
        InputError: the file is missing or not an image.
    """
    try:
        with Image.open(path) as image:
            width, height = image.size
            # orientations 5 to 8 swap the sides; asked of a PNG, Pillow would decode all of it
            turned = image.format == "JPEG" and image.getexif().get(0x0112, 1) >= 5
    except OSError as error:  # includes Pillow's UnidentifiedImageError
        raise InputError(f"{path} is not an image that can be read") from error
    return (height, width) if turned else (width, height)
