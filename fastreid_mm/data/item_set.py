"""Base class of samples made of data set items: their number and labels."""

from collections.abc import Sequence
from typing import cast

from torch.utils.data import Dataset

from fastreid_mm.data.items import as_items
from fastreid_mm.data.packed_items import PackedItems


class ItemSet(Dataset):
    """Items of a data set under the names that fast-reid's trainer uses.

    Args:
        items: the items of a data set, as :func:`as_items` takes them.
        relabel: whether to map identities to 0 .. N - 1 (training); evaluation keeps them.
    """

    def __init__(self, items: Sequence[tuple], relabel: bool) -> None:
        listed = as_items(items)
        self.img_items = PackedItems(listed)
        identities = sorted({item.pid for item in listed})
        self.num_classes = len(identities)
        self._label = {pid: label for label, pid in enumerate(identities)} if relabel else None

    def __len__(self) -> int:
        return len(self.img_items)

    def target(self, pid: int | str) -> int:
        """Return the label of an identity."""
        return self._label[pid] if self._label else cast(int, pid)  # only training joins data sets by name
