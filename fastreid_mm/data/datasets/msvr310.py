"""MSVR310 (Zheng et al., Information Fusion 2023): vehicles at several times, read from its original folders."""

import os

from fastreid.data.datasets import DATASET_REGISTRY

from fastreid_mm.common.image_files import named_folders, numbered_folders
from fastreid_mm.data.datasets.aligned import AlignedDataset
from fastreid_mm.data.datasets.published_counts import compare_counts
from fastreid_mm.data.items import Source

FOLDERS = {"RGB": "vis", "NIR": "ni", "TIR": "th"}
"""Folders of the modalities in the folder of a vehicle."""


@DATASET_REGISTRY.register()
class MSVR310(AlignedDataset):
    """MSVR310 in ``ROOT/MSVR310/{bounding_box_train,query3,bounding_box_test}/{id:04d}/{vis,ni,th}/*.jpg``.

    Files are named ``{id:04d}_s{scene:03d}_v{0..7}_*.jpg``, alike in a vehicle's three folders. The camera of an item
    is the view, the ``v`` of its name; the protocol uses the scene.
    """

    dataset_dir = "MSVR310"
    dataset_name = "msvr310"
    protocol = "msvr310"
    MODALITIES = ("RGB", "NIR", "TIR")
    parts = ("bounding_box_train", "query3", "bounding_box_test")
    pattern = r"(\d+)/0*\1_s(?P<scene>\d{1,18})_v(?P<camera>[0-7]).*\.jpg"
    example = "0001/vis/0001_s001_v0_001.jpg"
    first_camera = 0

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        compare_counts(self, "MSVR310", self.folder)

    def samples(self, part: str) -> dict[str, tuple[Source, ...]]:
        """Find the samples as in :class:`AlignedDataset`, by the names of the vehicle's folder and of the file."""
        samples: dict[str, tuple[Source, ...]] = {}
        for vehicle, folder in numbered_folders(self.part_folders[part], self.left_out).items():
            folders = named_folders(folder, FOLDERS.values(), self.left_out)
            names = [FOLDERS[modality] for modality in self.modalities]
            sources = self._side_by_side([folders.get(name, os.path.join(folder, name)) for name in names])
            samples |= {f"{vehicle}/{name}": files for name, files in sources.items()}
        return samples
