"""Repeated data set with an end."""

from mmengine.dataset import RepeatDataset
from mmseg.registry import DATASETS


@DATASETS.register_module()
class FiniteRepeatDataset(RepeatDataset):
    """mmengine's ``RepeatDataset`` with an end.

    mmengine's own class returns an item for every index, so that a ``for`` loop over it, as in ``browse_dataset.py``,
    never ends.
    """

    def __getitem__(self, index: int) -> object:
        """Return the item at an index.

        Raises:
            IndexError: the index is past the last item.
        """
        if index >= len(self):
            raise IndexError(f"item {index} of {len(self)}")
        return super().__getitem__(index)
