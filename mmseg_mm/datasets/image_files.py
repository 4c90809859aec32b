"""Reading depth maps and masks as the data sets store them.

They have one grey channel or three equal ones, with or without an alpha channel.
"""

from io import BytesIO
from pathlib import Path

import cv2
import mmcv
import numpy as np
from mmengine import fileio
from PIL import Image

from fastreid_mm.errors import InputError, first_line

COLOURED = 8
"""Three channels are an image in colour if their mean difference, in 256ths of the range, is above this. The rounding
of JPEG makes the channels of a grey image differ by one or two."""

AS_STORED = cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH
"""Channels and bits as in the file. "unchanged" would leave out the rotation that EXIF data ask for, which loading an
image in colour applies."""

PIXELS_A_BYTE = 10_000
"""No format packs more: a PNG of one bit a pixel, all alike, has 8256."""


def read_grey(path: str, backend_args: dict | None = None) -> np.ndarray:
    """Read a grey image, which may be saved with one channel or with three, and with or without an alpha channel.

    Returns:
        The image (H, W), in the data type of the file: uint8 or uint16.

    Raises:
        InputError: The file is missing, is no image, is in colour, or has another data type.
    """
    image = _decode(path, backend_args)
    if image.dtype not in (np.uint8, np.uint16):
        raise InputError(f"{path} holds {image.dtype}, 8 or 16 bit integers are needed")
    if image.ndim == 2:
        return image
    colours = image.astype(np.int32)
    if np.ptp(colours, axis=2).mean() > COLOURED * np.iinfo(image.dtype).max / 255:
        raise InputError(f"{path} is a picture in colour, a grey one is needed")
    return colours.mean(axis=2).round().astype(image.dtype)


def _decode(path: str, backend_args: dict | None) -> np.ndarray:
    try:
        content = fileio.get(path, backend_args=backend_args)
        _refuse_bomb(content, path)
        image = mmcv.imfrombytes(content, flag=AS_STORED, backend="cv2")
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{path} does not exist") from None
    except (OSError, ValueError, cv2.error) as error:  # Of an empty file mmcv says ValueError.
        raise InputError(f"{path} cannot be read: {type(error).__name__}") from error
    if image is None:
        raise InputError(f"{path} is not an image that can be read")
    return image


def _refuse_bomb(content: bytes, path: str) -> None:
    """Refuse a file whose header promises more pixels than its bytes can hold, which OpenCV would make room for."""
    try:
        with Image.open(BytesIO(content)) as image:
            width, height = image.size
    except Image.DecompressionBombError as error:
        raise InputError(f"{path} cannot be read: {first_line(error)}") from None
    except Exception:  # Of any kind: it is for OpenCV to say what is wrong.
        return
    if width * height > PIXELS_A_BYTE * len(content):
        raise InputError(f"{path} cannot be read: {len(content)} bytes cannot hold {width} x {height} pixels")


def read_mask(path: str, backend_args: dict | None = None) -> np.ndarray:
    """Read a saliency mask.

    Its values may be 0 and 255, or 0 and 1. Soft edges are thresholded at the value that PySODMetrics uses.

    Returns:
        The mask (H, W), uint8 with values 0 and 1.

    Raises:
        InputError: The file cannot be read, see :func:`read_grey`, or has more than 8 bits.
    """
    grey = read_grey(path, backend_args)
    if grey.dtype != np.uint8:
        raise InputError(f"{path} holds {grey.dtype}, a mask has 8 bits")
    threshold = 0 if grey.max() <= 1 else 128
    return (grey > threshold).astype(np.uint8)


def require_image(path: str | Path) -> None:
    """Decode an image, and refuse one that is missing, damaged or cut short.

    OpenCV, which the loaders use, fills up the rest of an image that is cut short.

    Raises:
        InputError: The file cannot be used.
    """
    if not Path(path).is_file():
        raise InputError(f"{path} does not exist")
    try:
        with Image.open(path) as image:
            image.load()
    except Exception as error:  # A damaged file raises nearly anything, and one that is too large its own error.
        raise InputError(f"{path} is not an image that can be read: {first_line(error)}") from None


def image_size(path: str | Path) -> tuple[int, int]:
    """Read the width and height of an image from its header, after the rotation that its EXIF data ask for.

    The loaders apply the same rotation.

    Raises:
        InputError: The file is missing or is no image.
    """
    try:
        with Image.open(path) as image:
            width, height = image.size
            # Orientations 5 to 8 swap the sides. Only a JPEG is asked, since Pillow would decode all of a PNG for it.
            turned = image.format == "JPEG" and image.getexif().get(0x0112, 1) >= 5
    except FileNotFoundError:
        raise InputError(f"{path} does not exist") from None
    except Exception as error:  # A damaged file raises nearly anything, and one that is too large its own error.
        raise InputError(f"{path} is not an image that can be read: {first_line(error)}") from None
    return (height, width) if turned else (width, height)
