"""SYSU-MM01 (Wu et al., ICCV 2017), read from its original folders."""

import os
import re

from fastreid.data.datasets import DATASET_REGISTRY
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.image_files import NUMBER, LeftOut, images_by_stem, numbered_folders
from fastreid_mm.common.modality import INFRARED, VISIBLE
from fastreid_mm.data.datasets.cross_modality import CrossModalityDataset, require_both_modalities, require_images
from fastreid_mm.data.datasets.set_folders import MADE, require_cameras, require_folder, warn_of_left_out
from fastreid_mm.data.items import Item
from fastreid_mm.evaluation.sysu_splits import CAMERAS, INFRARED_CAMERAS, VISIBLE_CAMERAS, read_ids

SPLITS = {"test": (("train_id", "val_id"), "test_id"), "val": (("train_id",), "val_id")}
"""Lists of the identities to train on and to test on."""


@DATASET_REGISTRY.register()
class SYSUMM01(CrossModalityDataset):
    """SYSU-MM01 in ``ROOT/SYSU-MM01/cam{1..6}/{id:04d}/{number:04d}.jpg`` with splits in ``exp/``.

    Training uses the train and validation identities (395 in the original), both modalities, as the papers do. Queries
    are all infrared images of the test identities (3803); the gallery holds all their visible images, from which the
    protocol draws. For choosing settings, ``split="val"`` trains on the train identities alone (296) and tests on the
    validation identities (99); no image of a test identity is read.

    Args:
        root: the folder that holds ``SYSU-MM01``.
        split: the identities to test on, ``"test"`` or ``"val"``.

    Raises:
        InputError: the split is neither, a folder or split file is missing, a folder or image is there twice, or an
            identity has no image or lacks a modality.
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
        self.left_out = LeftOut()
        cameras = require_cameras(self.folder, CAMERAS, self.left_out, "SYSU-MM01", ("exp", MADE))
        self._people = {camera: numbered_folders(path, self.left_out) for camera, path in cameras.items()}
        train = self._list(train_ids, VISIBLE_CAMERAS) + self._list(train_ids, INFRARED_CAMERAS)
        query, gallery = self._list(test_ids, INFRARED_CAMERAS), self._list(test_ids, VISIBLE_CAMERAS)
        require_images(train_ids, train, self.folder, "SYSU-MM01")
        require_images(test_ids, query + gallery, self.folder, "SYSU-MM01")
        require_both_modalities(train, "SYSU-MM01 training set")
        super().__init__(train, query, gallery, **kwargs)
        warn_of_left_out(self.left_out, "SYSU-MM01")

    @classmethod
    def options(cls, cfg: CfgNode) -> dict:
        """Return the split."""
        return {"split": cfg.DATASETS.SYSU.SPLIT}

    def _list(self, ids: list[int], cameras: tuple[int, ...]) -> list[Item]:
        modality = INFRARED if cameras == INFRARED_CAMERAS else VISIBLE
        return [
            Item(path, pid, camera, modality, number=number)
            for camera in cameras
            for pid in ids
            if pid in self._people[camera]  # nobody is seen by every camera
            for number, path in self._images(self._people[camera][pid])
        ]

    def _images(self, folder: str) -> list[tuple[int, str]]:
        """List the numbers, ascending, and the paths of the images in an identity's folder."""
        paths: dict[int, str] = {}
        for stem, path in images_by_stem(folder, self.left_out).items():
            if not re.fullmatch(NUMBER, stem):
                self.left_out.add(path, "its name is no number")
            elif int(stem) in paths:
                raise InputError(f"{paths[int(stem)]} and {path} have the same number: remove one")
            else:
                paths[int(stem)] = path
        return sorted(paths.items())

    def _refuse_overlap(self, train_ids: list[int], test_ids: list[int]) -> None:
        both = sorted(set(train_ids) & set(test_ids))
        if both:
            raise InputError(
                f"SYSU-MM01: identities {', '.join(map(str, both[:5]))} are in the training and in the "
                f"{self.split} split of {self.folder}/exp"
            )
