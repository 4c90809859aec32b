"""Reading of an image, with an error that names it. Needs only Pillow and NumPy."""

import logging
from collections.abc import Iterable
from contextlib import suppress
from os import PathLike, fspath
from typing import Any, NamedTuple

import numpy as np
from PIL import ExifTags, Image, ImageOps

from fastreid_mm.common.console import printable
from fastreid_mm.common.errors import InputError, first_line
from fastreid_mm.common.grey_range import OWN_RANGE, own_range, to_grey
from fastreid_mm.common.pixels import DEEP, FEW_LEVELS, MAX_PIXELS, deep_channels, open_image

logger = logging.getLogger("fastreid.mm")

AnyImage = str | PathLike | Image.Image | np.ndarray
"""Image as a path, a PIL image, or a uint8 array, (H, W, 3) of red, green and blue or (H, W) of grey."""

FULL_RANGE = (0, 65535)
"""Range of 16 bits, with which the upper 8 are kept."""

CLIPPED = 0.5
"""Share of pixels beyond the range above which the range is probably that of another camera."""


class PixelRule(NamedTuple):
    """Rule for reading pixels of image files, which must be the same in training, testing, indexing and predicting."""

    range_16bit: tuple[float, ...] = FULL_RANGE
    """Values that become black and white in grey images of more than 8 bits; empty to use each image's own range."""
    max_pixels: int = MAX_PIXELS
    """Largest number of pixels; files with more are refused before they are decoded."""
    percentiles: tuple[float, ...] = OWN_RANGE
    """Percentiles of an image's values that become black and white if ``range_16bit`` is empty."""

    @classmethod
    def from_cfg(cls, cfg: Any) -> "PixelRule":
        """Make the rule from ``INPUT.RANGE_16BIT``, ``MAX_PIXELS`` and ``PERCENTILES_16BIT`` of a config."""
        rule = cls(tuple(cfg.INPUT.RANGE_16BIT), cfg.INPUT.MAX_PIXELS)
        return rule if rule.range_16bit else rule._replace(percentiles=tuple(cfg.INPUT.PERCENTILES_16BIT))


DEFAULT_RULE = PixelRule()
"""Rule that keeps the upper 8 of 16 bits, for files of at most :data:`MAX_PIXELS`."""


def as_rgb(image: AnyImage, rule: PixelRule = DEFAULT_RULE) -> Image.Image:
    """Convert an image to three channels of 8 bits, unless it has them. Only files are rotated by their EXIF data.

    Args:
        image: a path, a PIL image or an array.
        rule: the rule for more than 8 bits and for the number of pixels of a file.

    Raises:
        InputError: names the file that cannot be read, or an image or array of another shape or data type.
    """
    if isinstance(image, Image.Image):
        shallow, remark = _eight_bits(image, rule)
        _tell(f"an image {remark}" if remark else "")
        return shallow
    if not isinstance(image, np.ndarray):
        return read_rgb(fspath(image), rule)
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3):
        raise InputError(f"an image is uint8 of (H, W, 3) or (H, W), not {image.dtype} of {image.shape}")
    return Image.fromarray(image).convert("RGB")


def read_rgb(path: str, rule: PixelRule = DEFAULT_RULE) -> Image.Image:
    """Read a file as three channels of 8 bits, rotated by its EXIF data; those of an infrared image are equal.

    More than 8 bits are reduced by the rule, with a warning of the first image that loses nearly all its levels. Only
    the first picture of an animation is read; transparency is ignored.

    Args:
        path: the path of the file.
        rule: the rule for more than 8 bits and for the number of pixels.

    Raises:
        InputError: names the file that does not exist, that cannot be read or that has too many pixels.
    """
    image, remark = read_and_judge(path, rule)
    _tell(remark)
    return image


def read_and_judge(path: str, rule: PixelRule = DEFAULT_RULE) -> tuple[Image.Image, str]:
    """Read as :func:`read_rgb` does, and return a remark on lost grey levels instead of a warning, "" if there is none.

    Raises:
        InputError: see :func:`read_rgb`.
    """
    try:
        with open_image(path, f"image {path}", rule.max_pixels, "INPUT.MAX_PIXELS") as image:
            deep = deep_channels(image)  # before it is decoded
            shallow, remark = _eight_bits(_upright(image), rule, deep)
            return shallow, printable(f"image {path} {remark}") if remark else ""
    except FileNotFoundError:
        raise InputError(f"image {path} does not exist; was the data set moved or changed?") from None
    except Exception as error:  # a damaged file raises nearly anything, struct.error and KeyError among it
        if isinstance(error, InputError) and printable(path) in str(error):
            raise
        raise InputError(f"cannot read image {path}: {first_line(error)}") from None


def look_ahead(paths: Iterable[str], rule: PixelRule) -> None:
    """Read images, so that this process warns of lost levels instead of each process that it starts."""
    for path in paths:
        with suppress(InputError):  # raised again when the image is needed
            read_rgb(path, rule)


def _upright(image: Image.Image) -> Image.Image:
    """Rotate an image by its EXIF data, unless they are damaged."""
    image.load()  # outside the suppression below: its errors are those of the image
    with suppress(Exception):
        if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:  # else Pillow would copy it, which takes long
            return ImageOps.exif_transpose(image)
    return image


def _eight_bits(image: Image.Image, rule: PixelRule, several: bool = False) -> tuple[Image.Image, str]:
    """Convert an image to red, green and blue of 8 bits, and return it with a remark on lost levels."""
    if image.mode not in DEEP:
        shallow = image if image.mode == "RGB" else image.convert("RGB")  # which would copy it
        return shallow, _of_channels(shallow, rule.range_16bit) if several else ""
    values = np.asarray(image)
    if image.mode == "F" and not np.isfinite(values).all():
        raise InputError("it holds numbers that are not finite")
    if rule.range_16bit == FULL_RANGE:
        grey = _upper_half(values)
    else:
        grey = to_grey(values, *(rule.range_16bit or own_range(values, rule.percentiles)))
    return Image.fromarray(grey).convert("RGB"), _loss(values, grey, rule.range_16bit)


def _upper_half(values: np.ndarray) -> np.ndarray:
    """Return the upper 8 of 16 bits."""
    low, high = values.min(), values.max()
    if not np.issubdtype(values.dtype, np.integer) or low < FULL_RANGE[0] or high > FULL_RANGE[1]:
        kind = "floating point" if values.dtype.kind == "f" else "integers"
        raise InputError(f"{kind} from {low} to {high}, no 16 bits; INPUT.RANGE_16BIT says what is black and white")
    return (values >> 8).astype(np.uint8)


def _loss(values: np.ndarray, grey: np.ndarray, range_16bit: tuple[float, ...]) -> str:
    """Return a remark on the values that an image has lost, or an empty string."""
    beyond = np.mean((values < range_16bit[0]) | (values > range_16bit[1])) if range_16bit else 0
    if beyond > CLIPPED:
        low, high = values.min(), values.max()
        return f"has {beyond:.0%} of its pixels beyond INPUT.RANGE_16BIT {range_16bit}: they are from {low} to {high}"
    levels = np.count_nonzero(np.bincount(grey.ravel()))
    if levels >= FEW_LEVELS or (before := len(np.unique(values))) <= 2 * levels:
        return ""
    return f"has {before} grey values, of which {levels} of 256 levels are left; INPUT.RANGE_16BIT keeps more"


def _of_channels(image: Image.Image, range_16bit: tuple[float, ...]) -> str:
    """Return a remark on lost levels of an image of 16 bits in several channels, of which Pillow keeps the upper 8."""
    if range_16bit != FULL_RANGE:
        raise InputError("it has 16 bits in several channels, INPUT.RANGE_16BIT is for a single one")
    levels = np.count_nonzero(np.bincount(np.asarray(image).ravel()))
    few = f"has 16 bits in several channels, of which {levels} of 256 levels are left; save it with a single one"
    return few if levels < FEW_LEVELS else ""


_told: list[str] = []


def _tell(remark: str) -> None:
    """Warn of the first loss of levels in a process."""
    if remark and not _told:
        _told.append(remark)
        logger.warning(f"{remark} (check_data lists all such images)")
