"""MSVR310 (Zheng et al., Information Fusion 2023): vehicles at several times, read from its original folders."""

import os
import re
from typing import cast

from fastreid.data.datasets import DATASET_REGISTRY

from fastreid_mm.data.datasets.aligned import AlignedDataset, Source, list_images
from fastreid_mm.data.datasets.cross_modality import require_folder
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
    pattern = r"(\d{4})/\1_s\d{3}_v([0-7])(?!\d).*\.jpg"
    example = "0001/vis/0001_s001_v0_001.jpg"
    first_camera = 0

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        compare_counts(self, "MSVR310", self.folder)

    def samples(self, part: str) -> dict[str, tuple[Source, ...]]:
        """See :class:`AlignedDataset`; a name is that of the vehicle's folder and of the file."""
        folder = require_folder(os.path.join(self.folder, part), self.dataset_dir)
        found = {}
        for vehicle in sorted(os.listdir(folder)):
            places = [os.path.join(folder, vehicle, FOLDERS[modality]) for modality in self.modalities]
            for name in sorted({name for place in places if os.path.isdir(place) for name in list_images(place)}):
                found[f"{vehicle}/{name}"] = tuple(Source(os.path.join(place, name)) for place in places)
        return found


def scene_number(path: str) -> int:
    """The scene of an image, a place and time, from its file name."""
    return int(cast(re.Match, re.match(r"\d{4}_s(\d{3})_", os.path.basename(path)))[1])
