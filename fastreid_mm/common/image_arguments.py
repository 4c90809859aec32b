"""Arguments that are images: a list of them, anything that can be iterated over, or a single one."""

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import Any

from PIL import Image

from fastreid_mm.common.errors import InputError


def list_images(given: Any, modalities: Sequence[str] = ()) -> list:
    """Make a list of images, or of samples that map names of modalities to images; a single one gives a list of one.

    Args:
        given: paths, PIL images, arrays or tensors; or samples, which are mappings to these.
        modalities: the modalities of a sample, none if images are single.

    Raises:
        InputError: the argument is none of these, has no order, or is empty.
    """
    kind = (
        f"samples: each sample maps {', '.join(modalities)} to images" if modalities else "paths, PIL images or arrays"
    )
    wanted = f"images must be a list of {kind}"
    if isinstance(given, Mapping) or _is_image(given):
        images = [given]
    elif isinstance(given, set | frozenset | bytes | bytearray) or not isinstance(given, Iterable):
        raise InputError(f"{wanted}, not {_kind_of(given)}")
    else:
        images = list(given)
    if not images:
        raise InputError(f"{wanted}: no images are given")
    for number, image in enumerate(images):
        if isinstance(image, Mapping) != bool(modalities):
            raise InputError(f"{wanted}: number {number} is {_kind_of(image)}")
        for value in image.values() if isinstance(image, Mapping) else [image]:
            if not _is_image(value):
                raise InputError(f"{wanted}: number {number} has {_kind_of(value)} where an image is needed")
    return images


def list_modalities(given: Any, count: int) -> list[str]:
    """Make a list with the modality of each image; a single word is the modality of all.

    Raises:
        InputError: the argument is neither a word nor a list of as many words as there are images.
    """
    if isinstance(given, str):
        return [given] * count
    if isinstance(given, Mapping | set | frozenset) or not isinstance(given, Iterable):
        raise InputError(f"modality must be a word, or a list with one for each image, not {_kind_of(given)}")
    names = list(given)
    if len(names) != count:
        raise InputError(f"{len(names)} modalities for {count} images")
    return names


def require_batch_size(size: Any) -> int:
    """Refuse a batch size that is no whole number of 1 or more.

    Raises:
        InputError: names the value.
    """
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise InputError(f"batch_size must be a whole number of 1 or more, not {size!r}")
    return size


def _is_image(value: Any) -> bool:
    """Tell whether a value is an image: a path, a PIL image, or an array or tensor of two or three dimensions."""
    return isinstance(value, str | PathLike | Image.Image) or getattr(value, "ndim", 0) in (2, 3)


def _kind_of(value: Any) -> str:
    shape = getattr(value, "shape", None)
    return type(value).__name__ + (f" of shape {tuple(shape)}" if shape is not None else "")
