"""An index in a file of FAISS (https://github.com/facebookresearch/faiss)."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from fastreid_mm.errors import InputError, first_line
from fastreid_mm.retrieval.identity import Identity, refuse_other
from fastreid_mm.retrieval.journal import Journal
from fastreid_mm.whole_file import write_text, write_whole

_CHUNK = 1 << 16
"""Rows that go from the journal to the index at a time."""


class FaissIndex:
    """``PATH``, which FAISS reads, and ``PATH.json``: whose vectors these are, of which kind, and the name of each.

    What is added goes to ``PATH.new`` first, a :class:`Journal`. :meth:`finish` moves it into the index and replaces
    the files whole, the index before the names; interrupted anywhere, the next :meth:`finish` does what was left.

    Args:
        path: of the file.
        identity: of the vectors that are searched for, or added.
        kind: of a new index, as FAISS's ``index_factory`` calls it; None for "Flat", or whatever the file is.
        inner_product: whether the nearest rows are those of the largest inner product, or of the least distance.
        effort: of a search in an approximate kind, as FAISS calls its parameters: "nprobe=16", "efSearch=64".

    Raises:
        InputError: the files are truncated or not of an index, another model's or of another kind.
    """

    def __init__(
        self, path: Path, identity: Identity, kind: str | None = None, inner_product: bool = True, effort: str = ""
    ) -> None:
        self._path, self._side, self._identity = path, Path(f"{path}.json"), identity
        self._names: list[str] = []
        self._kind = kind or "Flat"
        self._index: Any = None  # which class it is depends on the kind
        if path.exists() or self._side.exists():
            self._read(kind)
        self._journal = Journal(Path(f"{path}.new"), identity)
        if self._index is None:
            metric = faiss.METRIC_INNER_PRODUCT if inner_product else faiss.METRIC_L2
            with _refusals(f"--kind {self._kind}"):
                self._index = faiss.index_factory(identity.size, self._kind, metric)
        if not self._fit():
            raise InputError(
                f"{path} has {len(self)} rows and {self._side} {len(self._names)}: they are of two indexes"
            )
        if effort:
            with _refusals(f"--effort {effort}"):
                # mypy sees another of its signatures
                faiss.ParameterSpace().set_index_parameters(self._index, effort)  # type: ignore[arg-type]

    def _read(self, kind: str | None) -> None:
        for file in (self._path, self._side):
            if not file.is_file() and (file == self._path or not Path(f"{self._path}.new").exists()):
                raise InputError(f"{file} does not exist, which belongs to the index {self._path}")
        if self._side.is_file():
            saved = _read_side(self._side)
            refuse_other(Identity(**saved["identity"]), self._identity, self._path)
            self._names, self._kind = saved["names"], saved["kind"]
        if kind not in (None, self._kind):
            raise InputError(f"{self._path} is of kind {self._kind}, not {kind}: choose another path or delete it")
        try:
            self._index = faiss.read_index(str(self._path))
        except (RuntimeError, MemoryError) as error:
            raise InputError(f"{self._path} is truncated or not an index of FAISS: {_reason(error)}") from None
        if self._index.d != self._identity.size:
            raise InputError(f"{self._path} has {self._index.d} columns, not {self._identity.size}")

    def _fit(self) -> bool:
        """Whether both files have all rows they should, those of the journal or not."""
        if not len(self._journal):
            return len(self) == len(self._names)
        rows = range(self._journal.first, self._journal.first + len(self._journal) + 1)
        return len(self) in rows and len(self._names) in rows

    def __len__(self) -> int:
        return self._index.ntotal

    @property
    def waiting(self) -> int:
        """How many rows were added and are not searched yet."""
        return self._journal.first + len(self._journal) - len(self) if len(self._journal) else 0

    def known(self) -> set[str]:
        """See :class:`~fastreid_mm.retrieval.vector_index.VectorIndex`, as for all that follows."""
        return {*self._names, *self._journal.names}

    def add(self, vectors: np.ndarray, names: list[str]) -> None:
        """Add rows to the journal."""
        self._journal.add(vectors, names, len(self))

    def finish(self) -> None:
        """Move what was added into the index.

        Raises:
            InputError: there are too few rows to train an index of this kind.
        """
        if not len(self._journal):
            return
        rows = self._journal.rows(len(self) - self._journal.first)  # the others are in the file already
        with _refusals(f"{self._path} of kind {self._kind}, {len(rows)} rows"):
            if len(rows) and not self._index.is_trained:
                self._index.train(np.ascontiguousarray(rows))
            for start in range(0, len(rows), _CHUNK):
                self._index.add(np.ascontiguousarray(rows[start : start + _CHUNK]))
        if len(rows):
            write_whole(str(self._path), lambda part: faiss.write_index(self._index, part))
        self._names += self._journal.names[len(self._names) - self._journal.first :]
        content = {"identity": self._identity._asdict(), "kind": self._kind, "names": self._names}
        write_text(str(self._side), json.dumps(content))
        self._journal.remove()

    def search(self, vectors: np.ndarray, count: int) -> np.ndarray:
        """Places of the nearest rows."""
        return self._index.search(np.ascontiguousarray(vectors, np.float32), count)[1]

    def rows(self, places: np.ndarray) -> np.ndarray:
        """The vectors; of a kind that compresses them, what is left of them."""
        inverted = faiss.try_extract_index_ivf(self._index)
        if inverted is not None:
            inverted.make_direct_map()  # of inverted lists, from places to vectors
        with _refusals(f"{self._path} of kind {self._kind}"):
            return self._index.reconstruct_batch(np.ascontiguousarray(places, np.int64))

    def names(self, places: np.ndarray) -> list[str]:
        """The names."""
        return [self._names[place] for place in places]


def _read_side(path: Path) -> dict:
    try:
        saved = json.loads(path.read_text())
        return {"identity": saved["identity"], "kind": saved["kind"], "names": saved["names"]}
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{path} is truncated or not of an index") from None


def _reason(error: Exception) -> str:
    """What FAISS says, without where in its code it does."""
    return re.split(r"failed: |\w+\.cpp:\d+: ", first_line(error))[-1]


@contextmanager
def _refusals(what: str) -> Iterator[None]:
    """Turn what FAISS raises into an error that names what was asked for."""
    try:
        yield
    except RuntimeError as error:
        raise InputError(f"{what}: {_reason(error)}") from None
