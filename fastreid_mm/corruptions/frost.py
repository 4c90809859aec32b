"""Frost on the lens, of ImageNet-C (Hendrycks and Dietterich, ICLR 2019), whose photographs cannot be shipped."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from fastreid_mm.common.image_files import LeftOut, images_in
from fastreid_mm.common.pixels import MAX_PIXELS, open_image
from fastreid_mm.corruptions.pixels import Image, corruption, cut, to_unit
from fastreid_mm.corruptions.weather import plasma
from fastreid_mm.errors import InputError, first_line

FROST = ((1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75))
"""How much of the image is left, and how much of the frost comes on top."""
SCALE = 1.1
"""Of the photographs, as Michaelis et al. have it."""
SIX = tuple(f"frost{number}" for number in range(1, 7))
"""ImageNet-C's photographs without their suffixes. Its code draws a number below five: the sixth is never used."""
TINTS = (
    ((0.305, 0.585, 0.650), 0.08),
    ((0.787, 0.805, 0.841), 0.086),
    ((0.787, 0.805, 0.841), 0.086),
    ((0.540, 0.599, 0.648), 0.113),
    ((0.441, 0.484, 0.528), 0.169),
)
"""Means in red, green and blue and deviations of the five photographs, one of which drawn frost has."""
PIXELS_OF_A_FERN = 1000
"""There is a fern for so many pixels."""
TWIG_DISTANCE, TWIG_ANGLE = 3, np.pi / 3


@corruption
def frost(
    image: Image, severity: int, generator: np.random.Generator, pictures: Sequence[Image] | None = None
) -> Image:
    """Mixes image and frost: a x + b f with f a part of a photograph of frost, taken where chance has it.

    Args:
        image: (H, W, 3) uint8.
        severity: 1 to 5.
        generator: draws picture and part.
        pictures: what :func:`read_frost_pictures` reads. Without any, f is drawn: :func:`drawn_frost`, a reading.
    """
    left, added = FROST[severity - 1]
    size = image.shape[:2]
    if pictures:
        layer = _part(pictures[int(generator.integers(len(pictures)))], size, generator)
    else:
        layer = 255 * drawn_frost(size, generator)
    return cut(left * image + added * layer)


def _part(picture: Image, size: tuple[int, int], generator: np.random.Generator) -> Image:
    """A part, of the size asked for, of a picture made larger by a tenth, or by more where it would be too small."""
    factor = SCALE * max(1.0, *(wanted / there for wanted, there in zip(size, picture.shape)))
    height, width = (int(np.ceil(side * factor)) for side in picture.shape[:2])
    picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC)
    top, side = (int(generator.integers(there - wanted)) for wanted, there in zip(size, picture.shape))
    return picture[top : top + size[0], side : side + size[1]]


def drawn_frost(size: tuple[int, int], generator: np.random.Generator) -> np.ndarray:
    """Frost drawn in the place of photographs: bluish white ferns of ice on a hazy pane.

    Its means and its deviation are near those of one of ImageNet-C's five photographs, its shapes are not theirs.

    Args:
        size: height and width.
        generator: draws it.

    Returns:
        (H, W, 3) from 0 to 1.
    """
    height, width = size
    mean, deviation = TINTS[generator.integers(len(TINTS))]
    haze = plasma(1 << (max(size) - 1).bit_length(), 2, generator)[:height, :width]
    ice = np.zeros(size, np.uint8)
    for _ in range(max(1, height * width // PIXELS_OF_A_FERN)):
        strokes, light = _fern(size, generator), int(generator.integers(100, 256))
        cv2.polylines(ice, list(strokes), False, light, lineType=cv2.LINE_AA)
    layer = haze + to_unit(ice)
    layer = (layer - layer.mean()) / max(float(layer.std()), 1e-6)
    return np.clip(mean + deviation * layer[..., None], 0, 1)


def _fern(size: tuple[int, int], generator: np.random.Generator) -> np.ndarray:
    """(n, 2, 2) ends of the strokes, x and y in pixels, of a stem and shorter and shorter twigs to both its sides."""
    root = generator.uniform(0, size[::-1])
    length = max(size) * generator.uniform(0.08, 0.3)
    along = np.arange(0, length, TWIG_DISTANCE)
    angle = generator.uniform(0, 2 * np.pi)
    twigs = np.concatenate([angle + TWIG_ANGLE * np.ones(len(along)), angle - TWIG_ANGLE * np.ones(len(along))])
    starts = root + np.tile(along, 2)[:, None] * _direction(np.array(angle))
    reach = 0.3 * (length - np.tile(along, 2)) * generator.uniform(0.5, 1, len(twigs))
    stem = [[root, root + length * _direction(np.array(angle))]]
    return np.concatenate([stem, np.stack([starts, starts + reach[:, None] * _direction(twigs)], 1)]).astype(np.int32)


def _direction(angle: np.ndarray) -> np.ndarray:
    """Angles to unit vectors."""
    return np.stack([np.cos(angle), np.sin(angle)], -1)


def read_frost_pictures(folder: str | Path, left_out: LeftOut | None = None) -> list[Image]:
    """Read the pictures of a folder, in the order of their names.

    Of ImageNet-C's folder, ``frost1.png`` to ``frost6.jpg``, the first five, as its code has it.

    Args:
        folder: its path.
        left_out: gets the sixth of these, and whatever is no picture.

    Raises:
        InputError: no folder, no pictures in it, or one that cannot be read.
    """
    left_out = LeftOut() if left_out is None else left_out
    names = images_in(str(folder), left_out)
    if tuple(Path(name).stem.lower() for name in names) == SIX:
        left_out.add(str(Path(folder) / names.pop()), "ImageNet-C's code never draws its sixth photograph")
    if not names:
        raise InputError(f"folder {folder} has no pictures of frost")
    return [_read(Path(folder) / name) for name in names]


def _read(path: Path) -> Image:
    try:
        with open_image(path, f"picture {path}", MAX_PIXELS, "the limit of a photograph") as picture:
            return np.asarray(picture.convert("RGB"))
    except InputError:
        raise
    except Exception as error:  # a damaged file raises nearly anything
        raise InputError(f"cannot read picture {path}: {first_line(error)}") from None
