"""RegDB (Nguyen et al., Sensors 2017), read from its original folders and split files."""

import os
from itertools import chain

from fastreid.data.datasets import DATASET_REGISTRY
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.image_files import LeftOut
from fastreid_mm.common.modality import INFRARED, VISIBLE
from fastreid_mm.data.datasets.cross_modality import CrossModalityDataset, require_both_modalities
from fastreid_mm.data.datasets.set_folders import MADE, require_folder, warn_of_left_out
from fastreid_mm.data.datasets.split_list import look_beside, read_split_list, refuse_shared
from fastreid_mm.data.items import Item

NUM_TRIALS = 10
_FILE_NAME = {VISIBLE: "visible", INFRARED: "thermal"}
_CAMERA = {VISIBLE: 1, INFRARED: 2}


@DATASET_REGISTRY.register()
class RegDB(CrossModalityDataset):
    """RegDB by the lists ``ROOT/RegDB/idx/{train,test}_{visible,thermal}_{trial}.txt``.

    Each line of a list is ``relative/path label``. ``query`` holds the visible and ``gallery`` the thermal test images
    of the trial; the protocol ranks both directions from them.

    Args:
        root: the folder that holds ``RegDB``.
        trial: the number of the fixed split, 1 to 10.

    Raises:
        InputError: a folder, split file or image is missing, a line cannot be read, an image is in two lists or has two
            labels, or the trial is not 1 to 10.
    """

    dataset_dir = "RegDB"
    dataset_name = "regdb"
    protocol = "regdb"

    def __init__(self, root: str = "datasets", trial: int = 1, **kwargs) -> None:
        if trial not in range(1, NUM_TRIALS + 1):
            raise InputError(f"DATASETS.REGDB.TRIAL is {trial}, must be 1 to {NUM_TRIALS}")
        self.folder = require_folder(os.path.join(root, self.dataset_dir), "RegDB")
        self.trial, self.left_out = trial, LeftOut()
        lists = {(part, m): self._read(part, m) for part in ("train", "test") for m in (VISIBLE, INFRARED)}
        paths = {self._list(*key): [item.img_path for item in items] for key, items in lists.items()}
        refuse_shared(paths, "RegDB")
        look_beside(self.folder, chain(*paths.values()), ("idx", MADE), self.left_out)
        train = lists["train", VISIBLE] + lists["train", INFRARED]
        require_both_modalities(train, f"RegDB training set of trial {trial}")
        super().__init__(train, lists["test", VISIBLE], lists["test", INFRARED], **kwargs)
        warn_of_left_out(self.left_out, f"RegDB, trial {trial}")

    @classmethod
    def options(cls, cfg: CfgNode) -> dict:
        """Return the trial."""
        return {"trial": cfg.DATASETS.REGDB.TRIAL}

    def _list(self, part: str, modality: int) -> str:
        return os.path.join(self.folder, "idx", f"{part}_{_FILE_NAME[modality]}_{self.trial}.txt")

    def _read(self, part: str, modality: int) -> list[Item]:
        lines = read_split_list(self._list(part, modality), self.folder, "RegDB", self.left_out)
        return [Item(image, label, _CAMERA[modality], modality) for image, label in lines]
