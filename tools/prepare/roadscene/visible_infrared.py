"""RoadScene-VI: RoadScene's photographs as a visible-infrared Re-ID data set in SYSU-MM01's layout.

An "identity" is a place in a photograph. Its images are crops of it, each shifted, zoomed and exposed differently,
from the visible photograph for cameras 1, 2, 4, 5 and from the thermal one for cameras 3 and 6. The modality gap is
real; no crop of one modality lies exactly over a crop of the other.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from data_folders.complete import fingerprint, require_seed
from data_folders.sysu_mm01 import SysuSplit, write_sysu
from fastreid_mm.evaluation.sysu_splits import INFRARED_CAMERAS
from roadscene.crops import UPRIGHT, Style, expose, jittered_box
from roadscene.photographs import Pair, files_of, find_pairs
from roadscene.places import Place, draw_places, photographed

IMAGES = {1: 2, 2: 2, 3: 3, 4: 1, 5: 1, 6: 2}
"""Images that each camera takes of a place, ten on average: two cameras do not see places of odd number."""
_EVEN_ONLY = (4, 5)
_VAL_SHARE, _TEST_SHARE = 0.08, 0.26


def make_roadscene(source: str | Path, root: str | Path, seed: int = 0, validation: bool = False) -> bool:
    """Make RoadScene-VI from a clone of RoadScene: six places in each photograph.

    Arguments are those of :func:`roadscene.aligned.make_rgbnt201`; ``root`` holds ``cam1`` and ``exp``.
    """
    require_seed(seed)
    pairs = find_pairs(source)
    recipe = {"maker": "roadscene 2", "source": fingerprint(files_of(pairs)), "seed": seed, "validation": validation}
    if validation:
        pairs = pairs[: split_photographs(len(pairs))[1]]
    places = draw_places(pairs, UPRIGHT, seed)
    return write_sysu(root, _images(pairs, places, seed), split_by_photograph(places, len(pairs)), recipe, seed)


def split_photographs(count: int) -> tuple[int, int]:
    """Find the first photograph for validation and the first for testing, of three or more, counted from 0.

    Each split is one run of neighbours in the order of names, since frames with close numbers may show one street.
    """
    val, test = (max(1, round(share * count)) for share in (_VAL_SHARE, _TEST_SHARE))
    return count - val - test, count - test


def split_by_photograph(places: list[Place], count: int) -> SysuSplit:
    """Split places so that no photograph, of ``count``, is in two splits."""
    first_val, first_test = split_photographs(count)
    runs = ((0, first_val), (first_val, first_test), (first_test, count))
    return SysuSplit(*(tuple(place.number for place in places if place.photograph in range(*run)) for run in runs))


def _images(pairs: list[Pair], places: list[Place], seed: int) -> Iterator[tuple[int, int, Image.Image]]:
    for place, (visible, thermal) in photographed(pairs, places):
        for camera, count in IMAGES.items():
            if camera in _EVEN_ONLY and place.number % 2:
                continue
            photograph = thermal if camera in INFRARED_CAMERAS else visible
            for n in range(count):
                rng = np.random.default_rng([seed, place.number, camera, n])
                box = jittered_box(photograph.size, place.centre, Style(), rng, UPRIGHT)
                crop = photograph.resize(UPRIGHT.size, Image.Resampling.BICUBIC, box)
                yield camera, place.number, expose(crop, Style(), rng)
