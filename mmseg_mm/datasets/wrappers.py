"""Data sets around another one: a repeated one with an end, and access to the innermost."""

from collections.abc import Mapping
from typing import Any

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


def innermost_dataset(dataset: Any) -> Any:
    """Return the data set, or the config of one, inside its wrappers, such as a repeated data set."""
    inner = dataset.get("dataset") if isinstance(dataset, Mapping) else getattr(dataset, "dataset", None)
    return dataset if inner is None else innermost_dataset(inner)
