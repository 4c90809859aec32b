"""RoadScene-VI: RoadScene's photographs as a visible-infrared Re-ID data set in SYSU-MM01's layout.

An "identity" is a place: one of three columns of a photograph. Its images are crops of that column, each shifted,
zoomed and exposed in its own way, from the visible photograph for cameras 1, 2, 4, 5 and from the thermal one for
cameras 3 and 6. The modality gap is real; no crop of one modality lies exactly over a crop of the other.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from data_folders.complete import fingerprint, require_seed
from data_folders.sysu_mm01 import SysuSplit, write_sysu
from fastreid_mm.evaluation.sysu_splits import INFRARED_CAMERAS
from roadscene.crops import UPRIGHT, Style, expose, jittered_box
from roadscene.photographs import Pair, files_of, find_enough_pairs

PLACES = UPRIGHT.places
_VAL_SHARE, _TEST_SHARE = 0.08, 0.26

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
        source: the clone, with at least four pairs of photographs.
        root: the folder to make. It is the one that holds ``cam1`` and ``exp``.
        seed: determines every crop and the gallery permutations; it is not negative.

    Returns:
        True if the folder was made now, False if it was already there.

    Raises:
        InputError: the photographs cannot be used, or the folder is in use.
    """
    require_seed(seed)
    pairs = find_enough_pairs(source)
    recipe = {"maker": "roadscene 1", "source": fingerprint(files_of(pairs)), "seed": seed}
    return write_sysu(root, _images(pairs, seed), split_by_photograph(len(pairs)), recipe, seed)


def split_by_photograph(count: int) -> SysuSplit:
    """Split places so that no photograph is in two splits.

    Each split is one run of neighbours in the order of names, since frames with close numbers may show one street.

    Args:
        count: how many photographs there are, at least four.
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
    """Show one place as one camera sees it, each view with random numbers of its own."""
    style = STYLES[camera]
    if not style.every_place and place % 2:
        return
    for n in range(style.images):
        rng = np.random.default_rng([seed, place, camera, n])
        box = jittered_box(photograph.size, column, style, rng)
        yield expose(photograph.resize(UPRIGHT.size, Image.Resampling.BICUBIC, box), style, rng)
