"""LLCM (Zhang and Wang, CVPR 2023): people by day and in low light, read from its original folders and lists."""

import os

from fastreid.data.datasets import DATASET_REGISTRY

from fastreid_mm.common.image_files import LeftOut, images_by_stem, numbered_folders
from fastreid_mm.common.modality import INFRARED, VISIBLE
from fastreid_mm.data.datasets.cross_modality import CrossModalityDataset, require_both_modalities, require_images
from fastreid_mm.data.datasets.published_counts import compare_counts
from fastreid_mm.data.datasets.set_folders import MADE, require_cameras, require_folder, warn_of_left_out
from fastreid_mm.data.datasets.split_list import look_beside, read_split_list, refuse_shared
from fastreid_mm.data.items import Item
from fastreid_mm.evaluation.sysu_splits import read_ids

CAMERAS = {VISIBLE: (1, 2, 3, 4, 5, 6, 7, 8, 9), INFRARED: (1, 2, 4, 5, 6, 7, 8, 9)}
_NAME = {VISIBLE: "vis", INFRARED: "nir"}
_UNKNOWN_CAMERA = 0


@DATASET_REGISTRY.register()
class LLCM(CrossModalityDataset):
    """LLCM in ``ROOT/LLCM/test_{vis,nir}/cam{1..9}/{id:04d}/*.jpg``, without a near-infrared camera 3.

    Training images are those of ``idx/train_vis.txt`` and ``train_nir.txt``, each line ``relative/path label``; their
    cameras are unknown and set to 0. ``idx/test_id.txt`` names the test identities. ``query`` holds their infrared and
    ``gallery`` their visible images; the protocol ranks both directions from them.

    Args:
        root: the folder that holds ``LLCM``.

    Raises:
        InputError: a folder, list or image is missing or there twice, a list cannot be read, an image is in two lists
            or has two labels, a training identity lacks a modality, or a test identity has no image.
    """

    dataset_dir = "LLCM"
    dataset_name = "llcm"
    protocol = "llcm"

    def __init__(self, root: str = "datasets", **kwargs) -> None:
        self.folder = require_folder(os.path.join(root, self.dataset_dir), "LLCM")
        self.left_out = LeftOut()
        lists = require_folder(os.path.join(self.folder, "idx"), "LLCM lists")
        visible, infrared = self._read(lists, VISIBLE), self._read(lists, INFRARED)
        require_both_modalities(visible + infrared, "LLCM training set")
        ids = sorted({*read_ids(lists, "test_id")})
        query, gallery = self._list(ids, INFRARED), self._list(ids, VISIBLE)
        require_images(ids, query + gallery, self.folder, "LLCM")
        parts = {"train_vis.txt": visible, "train_nir.txt": infrared, "the test folders": query + gallery}
        paths = {name: [item.img_path for item in items] for name, items in parts.items()}
        refuse_shared(paths, "LLCM")
        trained = paths["train_vis.txt"] + paths["train_nir.txt"]
        look_beside(self.folder, trained, ("idx", MADE, *(f"test_{name}" for name in _NAME.values())), self.left_out)
        super().__init__(visible + infrared, query, gallery, **kwargs)
        compare_counts(self, "LLCM", self.folder)
        warn_of_left_out(self.left_out, "LLCM")

    def _read(self, lists: str, modality: int) -> list[Item]:
        path = os.path.join(lists, f"train_{_NAME[modality]}.txt")
        lines = read_split_list(path, self.folder, "LLCM", self.left_out)
        return [Item(image, label, _UNKNOWN_CAMERA, modality) for image, label in lines]

    def _list(self, ids: list[int], modality: int) -> list[Item]:
        folder = os.path.join(self.folder, f"test_{_NAME[modality]}")
        items = []
        for camera, path in require_cameras(folder, CAMERAS[modality], self.left_out, "LLCM").items():
            people = numbered_folders(path, self.left_out)
            for pid in (pid for pid in ids if pid in people):  # nobody is seen by every camera
                items += [
                    Item(image, pid, camera, modality) for image in images_by_stem(people[pid], self.left_out).values()
                ]
        return items
