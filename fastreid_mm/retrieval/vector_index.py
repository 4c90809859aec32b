"""What indexing and searching ask of an index, wherever it lies."""

from typing import Protocol

import numpy as np


class VectorIndex(Protocol):
    """Rows of vectors, each with a name, at places 0 to N - 1."""

    @property
    def waiting(self) -> int:
        """How many rows were added and are not searched yet."""

    def __len__(self) -> int:
        """N."""

    def known(self) -> set[str]:
        """The names of all rows, those that :meth:`finish` has not seen yet too."""

    def add(self, vectors: np.ndarray, names: list[str]) -> None:
        """Add (n, V) float32 vectors under their names; no interruption loses them when it has returned."""

    def finish(self) -> None:
        """Make what was added searchable."""

    def search(self, vectors: np.ndarray, count: int) -> np.ndarray:
        """(Nq, V) float32 vectors to (Nq, count) places of the nearest rows, -1 where there are fewer."""

    def rows(self, places: np.ndarray) -> np.ndarray:
        """(n,) places to the (n, V) float32 vectors there."""

    def names(self, places: np.ndarray) -> list[str]:
        """(n,) places to the names there."""
