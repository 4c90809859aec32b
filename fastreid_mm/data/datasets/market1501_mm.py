"""Market1501-MM (Wang et al., AAAI 2022), Market-1501 with generated modalities."""

import os

from fastreid.data.datasets import DATASET_REGISTRY

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.image_files import LeftOut, list_folder
from fastreid_mm.data.datasets.modality_folders import ModalityFolders
from fastreid_mm.data.items import Source


@DATASET_REGISTRY.register()
class Market1501MM(ModalityFolders):
    """Market1501-MM in ``ROOT/Market1501-MM/{train,query,gallery}/{RGB,NI,TI}/{identity}_c{1..6}s*.jpg``.

    ``tools/prepare/prepare_market1501_mm.py`` makes it from Market-1501 as in the paper. False detections (identity -1)
    are skipped; the distractors of the gallery (identity 0) are kept.
    """

    dataset_dir = "Market1501-MM"
    dataset_name = "market1501mm"
    MODALITIES = ("RGB", "NI", "TI")
    parts = ("train", "query", "gallery")
    pattern = r"(-1|\d+)_c0*([1-9]\d*).*\.jpg"
    example = "0002_c1s1_000451_03.jpg"
    _junk_pids = [0]  # nobody in particular: no identity to train on

    def samples(self, part: str) -> dict[str, tuple[Source, ...]]:
        """Find the samples as in :class:`AlignedDataset`, with a hint if the folder of thermal images is missing."""
        folder = self.part_folders[part]
        if "TI" in self.modalities and "ti" not in map(str.lower, list_folder(folder, LeftOut())[0]):
            raise InputError(
                f"{self.dataset_dir}: folder {os.path.abspath(os.path.join(folder, 'TI'))} is missing; "
                "DATASETS.ALIGNED.MODALITIES \"('RGB', 'NI')\" works without it"
            )
        return super().samples(part)
