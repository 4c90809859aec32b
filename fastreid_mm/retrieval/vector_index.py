"""Interface of all indexes that indexing and searching use."""

from collections.abc import Sequence
from itertools import count
from typing import Protocol

import numpy as np

from fastreid_mm.common.errors import InputError
from fastreid_mm.retrieval.identity import Identity
from fastreid_mm.retrieval.sources import Member


class VectorIndex(Protocol):
    """Index of rows of vectors, each with a name, at places 0 to N - 1."""

    identity: Identity
    """Identity of the vectors."""
    kind: str
    """Kind of the index, by the name that its library has for it."""
    made: int
    """Date at which the index was written, in nanoseconds, to be compared with those of files without a source."""
    _members: list[Member]
    """Rows by place without their vectors, except those added since the last :meth:`finish`."""

    @property
    def waiting(self) -> int:
        """Number of rows that were added but are not searched yet."""

    def __len__(self) -> int:
        """Return N."""

    def known(self) -> set[str]:
        """Return the names of all rows, including those added since the last :meth:`finish`."""
        return {member.name for member in self.members()}

    def members(self) -> list[Member]:
        """List all rows by place without their vectors, those added since the last :meth:`finish` at the end."""

    def add(
        self, vectors: np.ndarray, members: Sequence[str] | Sequence[Member], places: Sequence[int] | None = None
    ) -> None:
        """Add rows, which no later interruption loses.

        Args:
            vectors: (n, V) float32.
            members: the n rows without their vectors, or only their names.
            places: the places of the rows that they replace, -1 for each new one; None if all are new.

        Raises:
            InputError: names a row whose numbers are not finite: no search would find it.
        """

    def note(self, members: dict[int, Member]) -> None:
        """Store the names, sources and metadata of rows, by their places, whose vectors stay."""

    def drop(self, places: Sequence[int]) -> None:
        """Mark rows to be left out; the places of others change with :meth:`finish`."""

    def finish(self) -> None:
        """Make added rows searchable."""

    def search(self, vectors: np.ndarray, count: int) -> np.ndarray:
        """Find the places (Nq, count) of the nearest rows to float32 vectors (Nq, V), -1 if there are fewer."""

    def rows(self, places: np.ndarray) -> np.ndarray:
        """Return the float32 vectors (n, V) at places (n,)."""

    def members_at(self, places: np.ndarray) -> list[Member]:
        """Return the rows at places (n,) without their vectors."""
        return [self._members[place] for place in places]


def placed(
    vectors: np.ndarray, members: Sequence[str] | Sequence[Member], places: Sequence[int] | None, behind: int
) -> tuple[list[Member], list[int]]:
    """Return rows without their vectors, and their places: those that are given, or from ``behind`` on if they are new.

    Args:
        vectors, members, places: see :meth:`VectorIndex.add`.
        behind: the first place without a row.

    Raises:
        InputError: names the first row with numbers that are not finite, as no search can find it.
    """
    rows = [Member(each) if isinstance(each, str) else each for each in members]
    for member, finite in zip(rows, np.isfinite(vectors).all(1)):
        if not finite:
            raise InputError(f"{member.name}: its feature has numbers that are not finite")
    new = count(behind)
    return rows, [next(new) if place < 0 else place for place in places or [-1] * len(rows)]
