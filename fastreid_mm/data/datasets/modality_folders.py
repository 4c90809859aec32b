"""Aligned data sets with a folder for each modality and files of the same names in them."""

from fastreid_mm.data.datasets.aligned import AlignedDataset
from fastreid_mm.data.items import Source


class ModalityFolders(AlignedDataset):
    """``ROOT/DATASET_DIR/{part}/{modality}/*.jpg``; a name in one modality's folder is looked for in all."""

    def samples(self, part: str) -> dict[str, tuple[Source, ...]]:
        """See :class:`AlignedDataset`."""
        folders = self._find(self.part_folders[part], self.modalities, known=self.MODALITIES)
        return self._side_by_side([folders[modality] for modality in self.modalities])
