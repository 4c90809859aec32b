"""Index in a file of FAISS (https://github.com/facebookresearch/faiss)."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from fastreid_mm.common.errors import InputError, first_line
from fastreid_mm.common.whole_file import write_whole
from fastreid_mm.retrieval.identity import Identity, refuse_other
from fastreid_mm.retrieval.journal import Journal
from fastreid_mm.retrieval.side_file import Side, file_checksum, read_side, with_changes, write_side
from fastreid_mm.retrieval.sources import Member
from fastreid_mm.retrieval.vector_index import VectorIndex, placed

_CHUNK = 1 << 16
"""Number of rows that are added to the index at a time."""


_NO_MAP = 0
"""Value of FAISS's ``DirectMap::Type`` for an index without a map from places to vectors."""


class FaissIndex(VectorIndex):
    """Index in ``PATH``, FAISS's file, and ``PATH.json`` with identity, kind and the name of each row.

    New rows go first to ``PATH.new``, a :class:`Journal`. :meth:`finish` moves them into the index and replaces the
    files as a whole, the index before the names; if it is interrupted, the next :meth:`finish` completes it.

    Args:
        path: the path of the file.
        identity: the identity of the vectors that are searched for, or added.
        kind: the kind of a new index, by the name for FAISS's ``index_factory``; None for "Flat", or the kind of an
            existing file.
        inner_product: whether the nearest rows are those of the largest inner product, or of the smallest distance.
        effort: the effort of a search in an approximate kind, as FAISS's parameters: "nprobe=16", "efSearch=64".

    Raises:
        InputError: the files are truncated, damaged, not those of an index, another model's or of another kind.
    """

    def __init__(
        self, path: Path, identity: Identity, kind: str | None = None, inner_product: bool = True, effort: str = ""
    ) -> None:
        self._path, self._side, self.identity = path, Path(f"{path}.json"), identity
        self._members: list[Member] = []
        self.kind = kind or "Flat"
        self._checksum = ""
        """Checksum of the file that the index was read from."""
        self.made = 0
        """Date of writing, see :class:`~fastreid_mm.retrieval.vector_index.VectorIndex`, as for all that follows."""
        self._index: Any = None  # its class depends on the kind
        self._journal = Journal(Path(f"{path}.new"), identity)
        self._to_write = self._written = False
        self._behind = 0
        """Number of rows, including those of the journal."""
        if path.exists() or self._side.exists():
            self._read(kind)
        if self._index is None:
            metric = faiss.METRIC_INNER_PRODUCT if inner_product else faiss.METRIC_L2
            with _refusals(f"--kind {self.kind}"):
                self._index = faiss.index_factory(identity.size, self.kind, metric)
        if len(self) != len(self._members):
            raise InputError(
                f"{path} has {len(self)} rows and {self._side} {len(self._members)}: they are of two indexes"
            )
        if not self._written and not self._goes_together():
            raise InputError(f"{path}.new is not the journal of {path}: delete it and {path}.new.names")
        if effort:
            with _refusals(f"--effort {effort}"):
                # mypy sees another of its signatures
                faiss.ParameterSpace().set_index_parameters(self._index, effort)  # type: ignore[arg-type]

    def _read(self, kind: str | None) -> None:
        for file in (self._path, self._side):
            if not file.is_file() and (file == self._path or not self._journal.index):
                raise InputError(f"{file} does not exist, which belongs to the index {self._path}")
        side = read_side(self._side) if self._side.is_file() else Side(self.identity, self._journal.kind, [], "")
        refuse_other(side.identity, self.identity, self._path)
        self._members, self.kind = side.members, side.kind
        if kind not in (None, self.kind):
            raise InputError(f"{self._path} is of kind {self.kind}, not {kind}: choose another path or delete it")
        if side.index_checksum or self._journal.index:
            self._checksum = file_checksum(str(self._path))
            self._written = bool(self._journal.index) and self._journal.index == self._checksum
            if not self._written and side.index_checksum not in ("", self._checksum):
                raise InputError(f"{self._path} is truncated or not the file that was written: its checksum differs")
        if self._written and side.index_checksum != self._checksum:  # finish() was interrupted before the names
            self._members, self._to_write = self._changed(), True
        if self._side.is_file():
            self.made = self._side.stat().st_mtime_ns
        try:
            self._index = faiss.read_index(str(self._path))
        except (RuntimeError, MemoryError) as error:
            raise InputError(f"{self._path} is truncated or not an index of FAISS: {_reason(error)}") from None
        if self._index.d != self.identity.size:
            raise InputError(f"{self._path} has {self._index.d} columns, not {self.identity.size}")

    def _goes_together(self) -> bool:
        """Tell whether each row of the journal belongs to an existing place, or to the next one."""
        rows = len(self)
        for place, _ in self._journal.changes:
            if not 0 <= place <= rows:
                return False
            rows += place == rows
        self._behind = rows
        return all(0 <= place < rows for place in self._journal.dropped)

    def __len__(self) -> int:
        return self._index.ntotal

    @property
    def waiting(self) -> int:
        """Number of rows that were added but are not searched yet."""
        return 0 if self._written else len(self._journal)

    def members(self) -> list[Member]:
        """List all rows without their vectors."""
        return self._members if self._written else with_changes(self._members, dict(self._journal.changes), set())

    def add(
        self, vectors: np.ndarray, members: Sequence[str] | Sequence[Member], places: Sequence[int] | None = None
    ) -> None:
        """Add rows to the journal."""
        self._settle()
        behind = max(self._behind, len(self))
        rows, where = placed(vectors, members, places, behind)
        self._journal.add(vectors, rows, where)
        self._behind = max(behind, 1 + max(where, default=-1))

    def note(self, members: dict[int, Member]) -> None:
        """Store the names, sources and metadata of rows."""
        self._settle()
        for place, member in members.items():
            if place < len(self._members):  # rows in the journal are compared again by the next indexing
                self._members[place] = member
        self._to_write = True

    def drop(self, places: Sequence[int]) -> None:
        """Mark rows to be left out by the next :meth:`finish`."""
        self._settle()
        self._journal.drop(places)

    def _settle(self) -> None:
        """Complete an interrupted :meth:`finish`, so that places are those of the index again."""
        if self._written:
            if self._to_write:
                self._write_side()
            self._journal.remove()
            self._behind = len(self)
            self._written = self._to_write = False

    def finish(self) -> None:
        """Move added rows into the index, and leave out dropped ones.

        Raises:
            InputError: there are too few rows to train an index of this kind.
        """
        self._settle()
        if self._journal.begun:
            with _refusals(f"{self._path} of kind {self.kind}, {len(self.members())} rows"):
                self._index = self._rebuilt()
            write_whole(str(self._path), self._write_index)
            self._members, self._written, self._to_write = self._changed(), True, True
            self._settle()
        elif self._to_write:
            self._write_side()
            self._to_write = False

    def _rebuilt(self) -> Any:
        """Build the index anew with the journal's rows in their places, without training it again."""
        rows = {place: row for row, (place, _) in enumerate(self._journal.changes)}  # the last of each place
        vectors, had = self._journal.vectors(), len(self)
        index = self._index
        if not index.is_trained:
            index.train(np.ascontiguousarray(vectors))
        kept = [place for place in range(len(self.members())) if place not in self._journal.dropped]
        if self._journal.dropped or any(place < had for place in rows):
            index = faiss.clone_index(index)
            index.reset()
            if inverted := faiss.try_extract_index_ivf(index):
                inverted.set_direct_map_type(_NO_MAP)  # rows() makes one
        else:
            kept = kept[had:]
        for start in range(0, len(kept), _CHUNK):
            places = np.array(kept[start : start + _CHUNK])
            old = np.array([place not in rows for place in places])
            chunk = np.empty((len(places), self.identity.size), np.float32)
            if old.any():
                chunk[old] = self.rows(places[old])
            chunk[~old] = vectors[[rows[place] for place in places[~old].tolist()]]
            index.add(chunk)
        return index

    def _write_index(self, part: str) -> None:
        faiss.write_index(self._index, part)
        self._checksum = file_checksum(part)
        self._journal.written(self._checksum, self.kind)

    def _write_side(self) -> None:
        write_side(self._side, Side(self.identity, self.kind, self._members, self._checksum))

    def _changed(self) -> list[Member]:
        return with_changes(self._members, dict(self._journal.changes), self._journal.dropped)

    def search(self, vectors: np.ndarray, count: int) -> np.ndarray:
        """Find the places of the nearest rows."""
        with _refusals(f"{self._path} of kind {self.kind}"):
            return self._index.search(np.ascontiguousarray(vectors, np.float32), count)[1]

    def rows(self, places: np.ndarray) -> np.ndarray:
        """Return the vectors, as they were before or after compression, depending on the kind."""
        with _refusals(f"{self._path} of kind {self.kind}"):
            if inverted := faiss.try_extract_index_ivf(self._index):
                inverted.make_direct_map()  # inverted lists need a map from places to vectors
            return self._index.reconstruct_batch(np.ascontiguousarray(places, np.int64))


def _reason(error: Exception) -> str:
    """Return FAISS's message without its place in FAISS's code."""
    return re.split(r"failed: |\w+\.cpp:\d+: ", first_line(error))[-1]


@contextmanager
def _refusals(what: str) -> Iterator[None]:
    """Turn FAISS's exceptions into an :class:`InputError` that begins with ``what``."""
    try:
        yield
    except RuntimeError as error:
        raise InputError(f"{what}: {_reason(error)}") from None
