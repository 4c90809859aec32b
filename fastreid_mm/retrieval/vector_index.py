"""What indexing and searching ask of an index, wherever it lies."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from fastreid_mm.common.errors import InputError
from fastreid_mm.retrieval.sources import Member, Source


class VectorIndex(Protocol):
    """Rows of vectors, each with a name, at places 0 to N - 1."""

    made: int
    """When it was written, in nanoseconds, to be compared with files of which it knows nothing."""

    @property
    def waiting(self) -> int:
        """How many rows were added and are not searched yet."""

    def __len__(self) -> int:
        """N."""

    def known(self) -> set[str]:
        """The names of all rows, those that :meth:`finish` has not seen yet too."""

    def members(self) -> list[Member]:
        """All rows by their places but for their vectors, those that :meth:`finish` has not seen yet behind them."""

    def add(
        self, vectors: np.ndarray, members: Sequence[str] | Sequence[Member], places: Sequence[int] | None = None
    ) -> None:
        """Add rows; no interruption loses them when it has returned.

        Args:
            vectors: (n, V) float32.
            members: n, or their names if nothing is known of their files.
            places: of the rows that they replace, -1 for each that is new; None if all are.

        Raises:
            InputError: names a row whose numbers are not finite: no search would find it.
        """

    def note(self, sources: dict[int, Source]) -> None:
        """Keep what is known of the files of rows, by their places."""

    def drop(self, places: Sequence[int]) -> None:
        """Leave rows out; the places of others are new after :meth:`finish`."""

    def finish(self) -> None:
        """Make what was added searchable."""

    def search(self, vectors: np.ndarray, count: int) -> np.ndarray:
        """(Nq, V) float32 vectors to (Nq, count) places of the nearest rows, -1 where there are fewer."""

    def rows(self, places: np.ndarray) -> np.ndarray:
        """(n,) places to the (n, V) float32 vectors there."""

    def names(self, places: np.ndarray) -> list[str]:
        """(n,) places to the names there."""

    def members_at(self, places: np.ndarray) -> list[Member]:
        """(n,) places to the rows there but for their vectors."""


def members_of(given: Sequence[str] | Sequence[Member]) -> list[Member]:
    """Members, of which nothing but the name is known where only that is given."""
    return [Member(each) if isinstance(each, str) else each for each in given]


def refuse_infinite(vectors: np.ndarray, members: Sequence[Member]) -> None:
    """Refuse rows that no search can find.

    Raises:
        InputError: names the first whose numbers are not all finite.
    """
    for member, finite in zip(members, np.isfinite(vectors).all(1)):
        if not finite:
            raise InputError(f"{member.name}: its feature has numbers that are not finite")
