"""RGBN300 and RGBNT100 (Li et al., AAAI 2020): vehicles, all modalities of a sample side by side in one file."""

import os

from fastreid.data.datasets import DATASET_REGISTRY

from fastreid_mm.common.image_files import images_by_stem
from fastreid_mm.data.datasets.aligned import AlignedDataset, Size
from fastreid_mm.data.items import Source

TILE = (256, 128)
"""Width and height of the part of a file that shows one modality."""


class _Strips(AlignedDataset):
    """Data set of strips ``rgbir/{part}/{identity}_c{1..8}*.jpg``: 256 x 128 tiles in the order of ``MODALITIES``.

    False detections (identity -1) are skipped. Further tiles to the right in a file are not read.
    """

    below = ("rgbir",)
    parts = ("bounding_box_train", "query", "bounding_box_test")
    pattern = r"(-1|\d+)_c0*([1-8]).*\.jpg"
    example = "0001_c001_00.jpg"

    def samples(self, part: str) -> dict[str, tuple[Source, ...]]:
        width, height = TILE
        lefts = [width * self.MODALITIES.index(modality) for modality in self.modalities]
        return {
            os.path.basename(path): tuple(Source(path, (left, 0, left + width, height)) for left in lefts)
            for path in images_by_stem(self.part_folders[part], self.left_out).values()
        }

    def size_problems(self, sizes: dict[str, Size]) -> list[str]:
        least = TILE[0] * len(self.MODALITIES)
        return [
            f"{path} is {width} x {height}, not a strip of {len(self.MODALITIES)} or more tiles of "
            f"{TILE[0]} x {TILE[1]}"
            for path, (width, height) in sizes.items()
            if height != TILE[1] or width < least or width % TILE[0]
        ]


@DATASET_REGISTRY.register()
class RGBN300(_Strips):
    """RGBN300: 300 vehicles in visible and near-infrared light, in strips in ``ROOT/RGBN300/rgbir``."""

    dataset_dir = "RGBN300"
    dataset_name = "rgbn300"
    MODALITIES = ("RGB", "NIR")


@DATASET_REGISTRY.register()
class RGBNT100(_Strips):
    """RGBNT100: 100 of the vehicles of RGBN300, with a third, thermal tile, in strips in ``ROOT/RGBNT100/rgbir``."""

    dataset_dir = "RGBNT100"
    dataset_name = "rgbnt100"
    MODALITIES = ("RGB", "NIR", "TIR")
