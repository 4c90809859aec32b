"""Reading depth maps, masks and saliency maps as the data sets store them.

They have one grey channel or three equal ones, with or without an alpha channel.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from fastreid_mm.common.console import printable
from fastreid_mm.common.errors import InputError, first_line
from fastreid_mm.common.pixels import DEEP, FEW_LEVELS, MAX_PIXELS, deep_channels, open_image
from fastreid_mm.saliency.mask_values import binary_mask

COLOURED = 8
"""Difference between the channels of a pixel, in 256ths of the range, above which an image is in colour. The rounding
of JPEG makes the channels of a grey image differ by one or two."""

AS_STORED = cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH
"""Channels and bits as in the file. "unchanged" would leave out the rotation that EXIF data ask for, which loading an
image in colour applies."""

PIXELS_A_BYTE = 10_000
"""Most pixels that a byte of a file can hold in any format: a PNG of equal pixels of one bit has 8256."""

LIMIT = "max_pixels"
"""Argument of data set and predictor that bounds the pixels of a file, ``--max-pixels`` of the commands."""


def read_grey(path: str, backend_args: dict | None = None, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Read a grey image, which may be saved with one channel or with three, and with or without an alpha channel.

    Returns:
        The image (H, W), in the data type of the file: uint8 or uint16.

    Raises:
        InputError: the file is missing, is no image, has more than ``max_pixels``, is in colour, has its picture in the
            alpha channel alone, or has another data type.
    """
    image = read_values(path, backend_args, max_pixels)
    if image.dtype not in (np.uint8, np.uint16):
        raise InputError(f"{path} holds {image.dtype}, 8 or 16 bit integers are needed")
    return image


def read_values(path: str, backend_args: dict | None = None, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Read a grey image (H, W) of any data type, else as :func:`read_grey` does."""
    image, content = read_as_stored(path, backend_args, max_pixels)
    grey = image if image.ndim == 2 else _one_channel(image, path)
    if grey.min() == grey.max():
        _refuse_alpha_alone(content, path, max_pixels)
    return grey


def read_as_stored(
    path: str, backend_args: dict | None = None, max_pixels: int = MAX_PIXELS
) -> tuple[np.ndarray, bytes]:
    """Read an image (H, W), or (H, W, 3) of blue, green and red, in the data type of its file, and the file's content.

    Raises:
        InputError: the file is missing, is no image or has more than ``max_pixels``.
    """
    try:
        content = _content(path, backend_args)
        image = _decoded(content, path, max_pixels)
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{path} does not exist") from None
    except UnidentifiedImageError:
        image = None
    except Exception as error:  # A damaged file raises nearly anything.
        raise InputError(f"{path} cannot be read: {first_line(error)}") from error
    if image is None:
        raise InputError(f"{path} is not an image that can be read")
    return image, content


def read_colours(path: str | Path) -> np.ndarray:
    """Read an image that :func:`require_image` has accepted: (H, W, 3) uint8, blue, green and red, turned upright."""
    image = cv2.imdecode(np.frombuffer(Path(path).read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise InputError(f"{path} is not an image that can be read")
    return image


def _content(path: str, backend_args: dict | None) -> bytes:
    """Read a local file, or another that mmengine has a backend for, which names it or which ``backend_args`` name."""
    if backend_args is None and "://" not in path:
        return Path(path).read_bytes()
    from mmengine import fileio

    return fileio.get(path, backend_args=backend_args)


def _decoded(content: bytes, path: str, max_pixels: int) -> np.ndarray | None:
    """Decode a file by OpenCV if Pillow finds it small enough; OpenCV would allocate memory for any size."""
    if not content:
        raise InputError(f"{path} cannot be read: it is empty")
    with open_image(BytesIO(content), path, max_pixels, LIMIT) as header:
        width, height = header.size
    if width * height > PIXELS_A_BYTE * len(content):
        raise InputError(f"{path} cannot be read: {len(content)} bytes cannot hold {width} x {height} pixels")
    return cv2.imdecode(np.frombuffer(content, np.uint8), AS_STORED)


def _one_channel(image: np.ndarray, path: str) -> np.ndarray:
    """Average three channels (H, W, 3) that are the same but for rounding."""
    step = np.iinfo(image.dtype).max / 255 if image.dtype.kind in "iu" else float(np.abs(image).max()) / 255
    lowest, highest = image.min(axis=2), image.max(axis=2)
    if (highest.astype(np.float64) - lowest).max() > COLOURED * step:
        raise InputError(f"{path} is a picture in colour, a grey one is needed")
    mean = image.mean(axis=2)
    return (np.rint(mean) if image.dtype.kind in "iu" else mean).astype(image.dtype)


def _refuse_alpha_alone(content: bytes, path: str, max_pixels: int) -> None:
    """Refuse an image of one value whose transparency, which is not read, has several."""
    with open_image(BytesIO(content), path, max_pixels, LIMIT) as image:
        if image.has_transparency_data:
            low, high = image.convert("RGBA").getchannel("A").getextrema()
            if low != high:
                raise InputError(f"{path} has its picture in the alpha channel, a grey one without is needed")


def read_map(path: str, max_pixels: int = MAX_PIXELS) -> tuple[np.ndarray, str]:
    """Read a saliency map, which may have 8 or 16 bits or floating point.

    All but maps of 8 bits are stretched to their range, as PySODMetrics does with every map, before rounding.

    Returns:
        The map (H, W), float32 from 0 to 1, and a remark on anything odd about it, or an empty text.

    Raises:
        InputError: the file cannot be used, see :func:`read_grey`, or holds numbers that are not finite, or one number
            that is not between 0 and 1.
    """
    values = read_values(path, None, max_pixels)
    if values.dtype == np.uint8:
        return (values / 255).astype(np.float32), ""
    low, high = float(values.min()), float(values.max())
    if not np.isfinite(high - low):
        raise InputError(f"{path} holds numbers that are not finite")
    if low < high:
        return ((values - low) / (high - low)).astype(np.float32), ""
    constant = low / (np.iinfo(values.dtype).max if values.dtype.kind in "iu" else 1)
    if not 0 <= constant <= 1:
        raise InputError(f"{path} is {low:g} everywhere, which is not between 0 and 1")
    return np.full(values.shape, constant, np.float32), f"{path} is {low:g} everywhere" if constant else ""


def look_at_mask(path: str, backend_args: dict | None = None, max_pixels: int = MAX_PIXELS) -> tuple[np.ndarray, str]:
    """Read a saliency mask, see :func:`binary_mask`.

    Returns:
        The mask (H, W), uint8 with values 0 and 1, and a remark on anything odd about it, with its path, or an empty
        text.

    Raises:
        InputError: the file cannot be used, see :func:`read_grey`.
    """
    mask, remark = binary_mask(read_grey(path, backend_args, max_pixels))
    return mask, f"mask {printable(path)} {remark}" if remark else ""


def read_mask(path: str, backend_args: dict | None = None, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Read a saliency mask as :func:`look_at_mask` does, with a warning if anything is odd about it."""
    mask, remark = look_at_mask(path, backend_args, max_pixels)
    if remark:
        warnings.warn(remark, stacklevel=2)
    return mask


def require_image(path: str | Path, max_pixels: int = MAX_PIXELS) -> None:
    """Decode an image, and refuse one that is missing, damaged, cut short or has too many pixels.

    OpenCV, which the loaders use, fills up the rest of an image that is cut short.

    Raises:
        InputError: the file cannot be used.
    """
    if not Path(path).is_file():
        raise InputError(f"{path} does not exist")
    with _opened(path, max_pixels) as image:
        image.load()


def image_remark(path: str | Path, max_pixels: int = MAX_PIXELS) -> str:
    """Say what an image of more than 8 bits loses, since the loaders keep the upper 8; empty if the loss is small.

    Raises:
        InputError: the file is missing, is no image or has too many pixels.
    """
    with _opened(path, max_pixels) as header:
        if header.mode not in DEEP and not deep_channels(header):
            return ""
    values = cv2.imdecode(np.frombuffer(Path(path).read_bytes(), np.uint8), AS_STORED)
    if values is None or values.dtype == np.uint8:
        return ""
    if values.dtype != np.uint16:
        return f"image {path} holds {values.dtype}, of which 8 bits are loaded; save it with 8"
    levels = np.count_nonzero(np.bincount(values.ravel() // 256))
    few = levels < FEW_LEVELS and len(np.unique(values)) > 2 * levels
    return f"image {path} has 16 bits, of which {levels} of 256 levels are loaded; save it with 8" if few else ""


def image_size(path: str | Path, max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """Read the width and height of an image from its header, after the rotation that its EXIF data ask for.

    The loaders apply the same rotation.

    Raises:
        InputError: the file is missing, is no image or has too many pixels.
    """
    with _opened(path, max_pixels) as image:
        width, height = image.size
        # Orientations 5 to 8 swap the sides. Only JPEG is read for them: Pillow would decode all of a PNG.
        turned = image.format == "JPEG" and image.getexif().get(0x0112, 1) >= 5
    return (height, width) if turned else (width, height)


@contextmanager
def _opened(path: str | Path, max_pixels: int) -> Iterator[Image.Image]:
    """Open an image without decoding it, and refuse it for any error, here or in the block."""
    try:
        with open_image(path, str(path), max_pixels, LIMIT) as image:
            yield image
    except FileNotFoundError:
        raise InputError(f"{path} does not exist") from None
    except InputError:
        raise
    except Exception as error:  # A damaged file raises nearly anything.
        raise InputError(f"{path} is not an image that can be read: {first_line(error)}") from None
