"""Base class of aligned data sets with a folder for each modality and files with the same names in them."""

from fastreid_mm.data.datasets.aligned import AlignedDataset
from fastreid_mm.data.items import Source


class ModalityFolders(AlignedDataset):
    """Data set in ``ROOT/DATASET_DIR/{part}/{modality}/*.jpg``, whose samples are files with the same name."""

    def samples(self, part: str) -> dict[str, tuple[Source, ...]]:
        """Find the samples as in :class:`AlignedDataset`."""
        folders = self._find(self.part_folders[part], self.modalities, known=self.MODALITIES)
        return self._side_by_side([folders[modality] for modality in self.modalities])
