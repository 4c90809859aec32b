"""MSVR310 (Zheng et al., Information Fusion 2023): vehicles at several times, read from its original folders."""

import os
import re
from typing import cast

from fastreid.data.datasets import DATASET_REGISTRY

from fastreid_mm.common.image_files import named_folders, numbered_folders
from fastreid_mm.data.datasets.aligned import AlignedDataset, Source
from fastreid_mm.data.datasets.published_counts import compare_counts

FOLDERS = {"RGB": "vis", "NIR": "ni", "TIR": "th"}
"""Where the images of a modality are, for each vehicle."""


@DATASET_REGISTRY.register()
class MSVR310(AlignedDataset):
    """``ROOT/MSVR310/{bounding_box_train,query3,bounding_box_test}/{id:04d}/{vis,ni,th}/*.jpg``: a folder a vehicle.

    Files are named ``{id:04d}_s{scene:03d}_v{0..7}_*.jpg``, alike in a vehicle's three folders. The camera of an item
    is the view, the ``v`` of its name; :func:`scene_number` tells the scene, which the protocol goes by.
    """

    dataset_dir = "MSVR310"
    dataset_name = "msvr310"
    protocol = "msvr310"
    MODALITIES = ("RGB", "NIR", "TIR")
    parts = ("bounding_box_train", "query3", "bounding_box_test")
    pattern = r"(\d+)/0*\1_s\d{1,18}_v([0-7]).*\.jpg"
    example = "0001/vis/0001_s001_v0_001.jpg"
    first_camera = 0

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        compare_counts(self, "MSVR310", self.folder)

    def samples(self, part: str) -> dict[str, tuple[Source, ...]]:
        """See :class:`AlignedDataset`; a name is that of the vehicle's folder and of the file."""
        found: dict[str, tuple[Source, ...]] = {}
        for vehicle, folder in numbered_folders(self.part_folders[part], self.left_out).items():
            there = named_folders(folder, FOLDERS.values(), self.left_out)
            names = [FOLDERS[modality] for modality in self.modalities]
            sources = self._side_by_side([there.get(name, os.path.join(folder, name)) for name in names])
            found |= {f"{vehicle}/{name}": files for name, files in sources.items()}
        return found


def scene_number(path: str) -> int:
    """The scene of an image, a place and time, from its file name."""
    return int(cast(re.Match, re.match(r"\d+_s(\d+)_", os.path.basename(path), re.ASCII | re.IGNORECASE))[1])
