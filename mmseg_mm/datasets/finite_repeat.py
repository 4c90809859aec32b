"""A data set several times over, to an end."""

from mmengine.dataset import RepeatDataset
from mmseg.registry import DATASETS


@DATASETS.register_module()
class FiniteRepeatDataset(RepeatDataset):
    """mmengine's ``RepeatDataset``, which a loop over it does not leave: it has an item for every index.

    ``browse_dataset.py`` is such a loop.
    """

    def __getitem__(self, index: int) -> object:
        """The item, of the first time it comes.

        Raises:
            IndexError: past the last one.
        """
        if index >= len(self):
            raise IndexError(f"item {index} of {len(self)}")
        return super().__getitem__(index)
