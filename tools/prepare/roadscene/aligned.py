"""RoadScene's photographs as data sets of aligned samples, in the layouts of RGBNT201 and RGBN300.

An "identity" is a place in a photograph. A sample is one crop of it in three modalities: the visible photograph
darkened, its grey values instead of near infrared, and the thermal photograph, which is real. A camera shifts and zooms
the crop, and exposes each modality separately.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from data_folders.aligned import darken, near_infrared, save_sample
from data_folders.complete import fingerprint, make_folder, require_seed, save_image
from roadscene.crops import LYING, UPRIGHT, Cut, Point, Style, expose, jittered_box
from roadscene.photographs import Pair, files_of, find_pairs
from roadscene.places import draw_places, photographed

# So different that no single modality is enough: in RGBN300's layout, gradient histograms reach an mAP of 45 with RGB,
# 44 with TI, 58 with both, and 46 with RGB and NI.
CAMERAS = {
    1: Style(1.12, (-0.04, 0.00), 1.06),
    2: Style(0.94, (0.12, -0.10), 0.84),
    3: Style(0.86, (-0.10, 0.12), 1.10),
    4: Style(1.04, (0.08, 0.10), 0.92),
}
_STRIP = ("RGB", "TI", "NI")
"""Tiles of RGBN300. The thermal image is in the place of near infrared, since the grey image adds nothing to RGB and is
the third tile, which the set's reader leaves out."""
_TEST_SHARE = 1 / 3


class Sample(NamedTuple):
    """Place, seen by one camera.

    Attributes:
        place: the place's number, counted from 1.
        camera: the camera's number, counted from 1.
        test: whether it is for testing, or else for training.
        images: the image of each of RGB, NI and TI in this order, all of one size.
    """

    place: int
    camera: int
    test: bool
    images: dict[str, Image.Image]


def make_rgbnt201(source: str | Path, root: str | Path, seed: int = 0, validation: bool = False) -> bool:
    """Make a data set in RGBNT201's layout from a clone of RoadScene: six upright places in each photograph.

    Args:
        source: the clone, with at least four pairs of photographs.
        root: the folder that holds ``train_171`` and ``test``.
        seed: determines the places and every crop.
        validation: leave out the photographs of the test places, and split the others anew.
    """
    return _make("RGBNT201", source, root, seed, validation, UPRIGHT, _save_apart)


def make_rgbn300(source: str | Path, root: str | Path, seed: int = 0, validation: bool = False) -> bool:
    """Make a data set in RGBN300's layout: six lying places in each photograph, each sample in one file.

    The query is each test place under the first camera, the gallery the same places under the others. Arguments are
    those of :func:`make_rgbnt201`; ``root`` is the folder that holds ``rgbir``.
    """
    return _make("RGBN300", source, root, seed, validation, LYING, _save_strip)


def first_test_photograph(count: int) -> int:
    """Find the first photograph of the last third, for testing; neighbours by name may show the same street."""
    return count - max(1, round(_TEST_SHARE * count))


def _make(
    layout: str,
    source: str | Path,
    root: str | Path,
    seed: int,
    validation: bool,
    cut: Cut,
    save: Callable[[Path, Sample], None],
) -> bool:
    require_seed(seed)
    pairs = find_pairs(source)
    recipe = {"maker": "roadscene_mm 2", "layout": layout, "source": fingerprint(files_of(pairs))}
    recipe |= {"seed": seed, "validation": validation}
    if validation:
        pairs = pairs[: first_test_photograph(len(pairs))]

    def fill(folder: Path) -> None:
        for sample in _samples(pairs, cut, seed):
            save(folder, sample)

    return make_folder(Path(root), recipe, fill)


def _samples(pairs: list[Pair], cut: Cut, seed: int) -> Iterator[Sample]:
    first_test = first_test_photograph(len(pairs))
    for place, photographs in photographed(pairs, draw_places(pairs, cut, seed)):
        for camera, style in CAMERAS.items():
            rng = np.random.default_rng([seed, place.number, camera])
            views = _views(photographs, place.centre, cut, style, rng)
            yield Sample(place.number, camera, place.photograph >= first_test, views)


def _views(
    photographs: tuple[Image.Image, Image.Image], centre: Point, cut: Cut, style: Style, rng: np.random.Generator
) -> dict[str, Image.Image]:
    """Crop one place out of both photographs, and expose each of the three modalities separately."""
    box = jittered_box(photographs[0].size, centre, style, rng, cut)
    visible, thermal = (photograph.resize(cut.size, Image.Resampling.BICUBIC, box) for photograph in photographs)
    views = {"RGB": darken(visible), "NI": near_infrared(visible), "TI": thermal}
    return {modality: expose(view, style, rng) for modality, view in views.items()}


def _save_apart(folder: Path, sample: Sample) -> None:
    part = "test" if sample.test else "train_171"
    save_sample(sample.images, folder / part, f"{sample.place:06d}_cam{sample.camera}_0_00.jpg")


def _save_strip(folder: Path, sample: Sample) -> None:
    part = "bounding_box_train" if not sample.test else "query" if sample.camera == 1 else "bounding_box_test"
    width, height = sample.images["RGB"].size
    strip = Image.new("RGB", (width * len(_STRIP), height))
    for tile, modality in enumerate(_STRIP):
        strip.paste(sample.images[modality], (width * tile, 0))
    save_image(strip, folder / "rgbir" / part / f"{sample.place:04d}_c{sample.camera:03d}_00.jpg")
