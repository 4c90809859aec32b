"""RoadScene-VI: RoadScene's photographs as a visible-infrared Re-ID data set in SYSU-MM01's layout.

An "identity" is a place: one of three columns of a photograph. Its images are crops of that column, each shifted,
zoomed and exposed in its own way, from the visible photograph for cameras 1, 2, 4, 5 and from the thermal one for
cameras 3 and 6. The modality gap is real; no crop of one modality lies exactly over a crop of the other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from fastreid_mm.errors import InputError
from fastreid_mm.evaluation.sysu_splits import INFRARED_CAMERAS
from fastreid_mm.making.layouts import SysuSplit, write_sysu
from fastreid_mm.making.roadscene_pairs import Pair, find_pairs, fingerprint

NAME = "SYSU-MM01"
PLACES = 3
SIZE = (64, 128)
MIN_PAIRS = 4
_VAL_SHARE, _TEST_SHARE = 0.08, 0.26

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Style:
    """How a camera sees every place.

    Attributes:
        images: taken of each place.
        zoom: mean width of a crop, as a share of the widest upright 1:2 box in the place's column.
        offset: mean shift of a crop, as shares of that box's width and height.
        brightness: mean factor on the grey values.
        every_place: or else only places of even number.
    """

    images: int
    zoom: float
    offset: tuple[float, float]
    brightness: float
    every_place: bool = True


STYLES = {
    1: Style(2, 0.84, (-0.02, 0.00), 1.06),
    2: Style(2, 0.78, (0.02, -0.02), 0.84),
    3: Style(3, 0.82, (0.01, 0.02), 1.00),
    4: Style(1, 0.76, (0.00, -0.03), 1.10, every_place=False),
    5: Style(1, 0.86, (0.00, 0.02), 0.92, every_place=False),
    6: Style(2, 0.78, (-0.02, 0.01), 0.90),
}


def make_roadscene(source: str | Path, root: str | Path, seed: int = 0) -> bool:
    """Make RoadScene-VI from a clone of RoadScene.

    Args:
        source: the clone; at least four pairs of photographs.
        root: the folder to make, itself the one that holds ``cam1`` and ``exp``.
        seed: of every crop and of the gallery permutations.

    Returns:
        True if the folder was made now, False if it was already there.

    Raises:
        InputError: the photographs cannot be used, or the folder is in use.
    """
    if seed < 0:
        raise InputError(f"the seed must not be negative, got {seed}")
    pairs = find_pairs(source)
    if len(pairs) < MIN_PAIRS:
        raise InputError(f"{source} holds {len(pairs)} pairs of photographs, at least {MIN_PAIRS} are needed")
    recipe = {"maker": "roadscene 1", "source": fingerprint(pairs), "seed": seed}
    return write_sysu(root, _images(pairs, seed), split_by_photograph(len(pairs)), recipe, seed)


def split_by_photograph(count: int) -> SysuSplit:
    """Split places so that no photograph is in two splits.

    Each split is one run of neighbours in the order of names, since frames with close numbers may show one street.

    Args:
        count: photographs, at least four.
    """
    val, test = (max(1, round(share * count)) for share in (_VAL_SHARE, _TEST_SHARE))
    first_val, first_test = (PLACES * start + 1 for start in (count - val - test, count - test))
    return SysuSplit(
        tuple(range(1, first_val)),
        tuple(range(first_val, first_test)),
        tuple(range(first_test, PLACES * count + 1)),
    )


def _images(pairs: list[Pair], seed: int) -> Iterator[tuple[int, int, Image.Image]]:
    for number, pair in enumerate(pairs):
        visible, thermal = pair.load()
        for column in range(PLACES):
            place = PLACES * number + column + 1
            for camera in STYLES:
                photograph = thermal if camera in INFRARED_CAMERAS else visible
                for image in _views(photograph, column, place, camera, seed):
                    yield camera, place, image


def _views(photograph: Image.Image, column: int, place: int, camera: int, seed: int) -> Iterator[Image.Image]:
    """One place as one camera sees it, each view with random numbers of its own."""
    style = STYLES[camera]
    if not style.every_place and place % 2:
        return
    for n in range(style.images):
        rng = np.random.default_rng([seed, place, camera, n])
        view = photograph.resize(SIZE, Image.Resampling.BICUBIC, jittered_box(photograph.size, column, style, rng))
        yield _expose(view, style, rng)


def jittered_box(size: tuple[int, int], column: int, style: Style, rng: np.random.Generator) -> Box:
    """Draw a crop that stays within its column, so that crops of two places never overlap.

    Args:
        size: width and height of the photograph.
        column: 0, 1 or 2 from the left.
        style: the camera's.
        rng: draws zoom and shift.

    Returns:
        Left, top, right and bottom, in fractions of pixels, twice as high as wide.
    """
    cell = size[0] / PLACES
    widest = min(cell, size[1] / 2)
    width = widest * (style.zoom + rng.uniform(-0.06, 0.06))
    x, y = (offset + rng.uniform(-0.09, 0.09) for offset in style.offset)
    left = _centred(cell, width, x * widest) + column * cell
    top = _centred(size[1], 2 * width, y * 2 * widest)
    return left, top, left + width, top + 2 * width


def _centred(available: float, length: float, shift: float) -> float:
    """Where a centred, then shifted piece begins, kept inside."""
    slack = available - length
    return min(max(slack / 2 + shift, 0.0), slack)


def _expose(image: Image.Image, style: Style, rng: np.random.Generator) -> Image.Image:
    values = np.asarray(image, dtype=np.float32)
    mean = values.mean()
    values = (values - mean) * rng.uniform(0.88, 1.12) + mean * style.brightness * rng.uniform(0.92, 1.08)
    return Image.fromarray(np.clip(np.round(values), 0, 255).astype(np.uint8))
