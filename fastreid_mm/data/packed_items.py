"""Items of a data set in one array, so that worker processes share them."""

import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np


class PackedItems(Sequence):
    """Sequence that holds its items as bytes of one array, and makes an item when it is asked for.

    Worker processes share the memory of the process that starts them as long as nobody writes to it. Looking at a
    Python object writes to it, its number of references, so that each worker ends up with a copy of all items. Looking
    at an array does not.

    Args:
        items: the items, which can be pickled.

    Examples:
        >>> PackedItems([("a.jpg", 7), ("b.jpg", 3)])[1]
        ('b.jpg', 3)
    """

    def __init__(self, items: Sequence[Any]) -> None:
        parts = [pickle.dumps(item, pickle.HIGHEST_PROTOCOL) for item in items]
        self._ends = np.cumsum([len(part) for part in parts], dtype=np.int64)
        self._bytes = np.frombuffer(b"".join(parts), dtype=np.uint8)

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        start = self._ends[place - 1] if place else 0
        return pickle.loads(self._bytes[start : self._ends[place]].tobytes())
