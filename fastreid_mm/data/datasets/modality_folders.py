"""Aligned data sets with a folder for each modality and files of the same names in them."""

import os

from fastreid_mm.data.datasets.aligned import AlignedDataset, Source, list_images
from fastreid_mm.data.datasets.cross_modality import require_folder


class ModalityFolders(AlignedDataset):
    """``ROOT/DATASET_DIR/{part}/{modality}/*.jpg``; a name in one modality's folder is looked for in all."""

    def samples(self, part: str) -> dict[str, tuple[Source, ...]]:
        """See :class:`AlignedDataset`."""
        folders = [
            require_folder(os.path.join(self.folder, part, modality), self.dataset_dir) for modality in self.modalities
        ]
        names = sorted({name for folder in folders for name in list_images(folder)})
        return {name: tuple(Source(os.path.join(folder, name)) for folder in folders) for name in names}
