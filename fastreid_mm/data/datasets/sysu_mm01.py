"""SYSU-MM01 (Wu et al., ICCV 2017), read from its original folders."""

import os
import re

from fastreid.data.datasets import DATASET_REGISTRY
from yacs.config import CfgNode

from fastreid_mm.data.datasets.cross_modality import (
    CrossModalityDataset,
    Item,
    require_both_modalities,
    require_folder,
    require_images,
)
from fastreid_mm.errors import InputError
from fastreid_mm.evaluation.sysu_splits import INFRARED_CAMERAS, VISIBLE_CAMERAS, read_ids
from fastreid_mm.modality import INFRARED, VISIBLE

SPLITS = {"test": (("train_id", "val_id"), "test_id"), "val": (("train_id",), "val_id")}
"""Lists of the identities to train on and to test on."""


@DATASET_REGISTRY.register()
class SYSUMM01(CrossModalityDataset):
    """``ROOT/SYSU-MM01/cam{1..6}/{id:04d}/{number:04d}.jpg`` with splits in ``exp/``.

    Training uses the train and validation identities (395 in the original), both modalities, as the papers do. Queries
    are all infrared images of the test identities (3803); the gallery holds all their visible images, from which the
    protocol draws. To choose settings, ``split="val"`` trains on the train identities alone (296) and tests on the
    validation identities (99); no image of a test identity is read.

    Args:
        root: the folder that holds ``SYSU-MM01``.
        split: which identities to test on, ``"test"`` or ``"val"``.

    Raises:
        InputError: the split is neither, a folder or split file is missing, or an identity has no image or lacks a
            modality.
    """

    dataset_dir = "SYSU-MM01"
    dataset_name = "sysumm01"
    protocol = "sysu"

    def __init__(self, root: str = "datasets", split: str = "test", **kwargs) -> None:
        if split not in SPLITS:
            raise InputError(f"DATASETS.SYSU.SPLIT {split!r} is not one of {', '.join(SPLITS)}")
        self.split = split
        self.folder = require_folder(os.path.join(root, self.dataset_dir), "SYSU-MM01")
        splits = require_folder(os.path.join(self.folder, "exp"), "SYSU-MM01 splits")
        self.permutation_file = os.path.join(splits, "rand_perm_cam.mat")
        trained, tested = SPLITS[split]
        train_ids = sorted({pid for name in trained for pid in read_ids(splits, name)})
        test_ids = sorted({*read_ids(splits, tested)})
        self._refuse_overlap(train_ids, test_ids)
        train = self._list(train_ids, VISIBLE_CAMERAS) + self._list(train_ids, INFRARED_CAMERAS)
        query, gallery = self._list(test_ids, INFRARED_CAMERAS), self._list(test_ids, VISIBLE_CAMERAS)
        require_images(train_ids, train, self.folder, "SYSU-MM01")
        require_images(test_ids, query + gallery, self.folder, "SYSU-MM01")
        require_both_modalities(train, "SYSU-MM01 training set")
        super().__init__(train, query, gallery, **kwargs)

    @classmethod
    def options(cls, cfg: CfgNode) -> dict:
        """The split."""
        return {"split": cfg.DATASETS.SYSU.SPLIT}

    def _list(self, ids: list[int], cameras: tuple[int, ...]) -> list[Item]:
        items = []
        for camera in cameras:
            require_folder(os.path.join(self.folder, f"cam{camera}"), "SYSU-MM01")
            for pid in ids:
                items += self._list_identity(pid, camera)
        return items

    def _list_identity(self, pid: int, camera: int) -> list[Item]:
        folder = os.path.join(self.folder, f"cam{camera}", f"{pid:04d}")
        if not os.path.isdir(folder):  # nobody is seen by every camera
            return []
        modality = INFRARED if camera in INFRARED_CAMERAS else VISIBLE
        names = sorted(name for name in os.listdir(folder) if re.fullmatch(r"\d+\.jpg", name))
        return [(os.path.join(folder, name), pid, camera, modality) for name in names]

    def _refuse_overlap(self, train_ids: list[int], test_ids: list[int]) -> None:
        both = sorted(set(train_ids) & set(test_ids))
        if both:
            raise InputError(
                f"SYSU-MM01: identities {', '.join(map(str, both[:5]))} are in the training and in the "
                f"{self.split} split of {self.folder}/exp"
            )


def image_number(path: str) -> int:
    """The number of an image within its identity and camera, from its file name (1-based)."""
    return int(os.path.splitext(os.path.basename(path))[0])
