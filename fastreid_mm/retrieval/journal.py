"""Rows that were embedded and are not in an index yet, on disk, so that an interruption loses none of them."""

import json
import os
from pathlib import Path

import numpy as np

from fastreid_mm.errors import InputError
from fastreid_mm.retrieval.identity import Identity, refuse_other


class Journal:
    """Vectors in one file and their names in another, both only ever appended to.

    A row counts when its line in the file of names is complete, which is written, and on the disk, after its vector.
    What an interruption leaves of a row beyond that is cut off.

    Args:
        path: of the vectors; that of the names ends in ``.names`` as well. Nothing is made before the first row.
        identity: of what made the vectors.

    Raises:
        InputError: the files hold vectors that something else has made, or do not go together.
    """

    def __init__(self, path: Path, identity: Identity) -> None:
        self._vectors, self._names_file, self._identity = path, Path(f"{path}.names"), identity
        self.names: list[str] = []
        self.first = 0
        """The place of its first row in the index."""
        self._whole_bytes = 0  # of the file of names, up to the last line that is complete
        self._cut = False
        if self._names_file.is_file():
            self._read()

    def _read(self) -> None:
        whole = self._names_file.read_bytes().rpartition(b"\n")[0]
        if not whole:  # interrupted before the first row
            return
        try:
            head, *names = map(json.loads, whole.decode().splitlines())
            self.first, saved = head["first"], Identity(**head["identity"])
        except (ValueError, TypeError, KeyError):
            raise InputError(f"{self._names_file} is no journal of an index") from None
        refuse_other(saved, self._identity, self._names_file)
        if not self._vectors.is_file() or self._vectors.stat().st_size < len(names) * self._row_bytes:
            raise InputError(f"{self._vectors} is truncated: {self._names_file} has {len(names)} rows; delete both")
        self.names, self._whole_bytes = names, len(whole) + 1

    @property
    def _row_bytes(self) -> int:
        return 4 * self._identity.size

    def __len__(self) -> int:
        return len(self.names)

    def add(self, vectors: np.ndarray, names: list[str], rows: int) -> None:
        """Append vectors and their names, which are on the disk when it returns.

        Args:
            vectors: (n, V) float32.
            names: n.
            rows: of the index.
        """
        if not self._cut:
            self._cut_torn_rows()
        lines = "".join(json.dumps(name) + "\n" for name in names)
        if not self.names:
            self.first = rows
            lines = json.dumps({"identity": self._identity._asdict(), "first": rows}) + "\n" + lines
        _append(self._vectors, np.ascontiguousarray(vectors, dtype=np.float32).tobytes())
        _append(self._names_file, lines.encode())
        self.names += names

    def _cut_torn_rows(self) -> None:
        """Done by who writes alone: another process may read meanwhile."""
        for path, length in ((self._vectors, len(self) * self._row_bytes), (self._names_file, self._whole_bytes)):
            path.touch()
            os.truncate(path, length if self.names else 0)
        self._cut = True

    def rows(self, first: int) -> np.ndarray:
        """(n, V) float32 vectors from a row of the journal on, read from the disk as they are used."""
        shape = (len(self), self._identity.size)
        return np.memmap(self._vectors, np.float32, "r", shape=shape)[first:] if first < len(self) else np.empty((0, 0))

    def remove(self) -> None:
        """Delete both files, the names first: without them there are no rows."""
        self._names_file.unlink(missing_ok=True)
        self._vectors.unlink(missing_ok=True)
        self.names, self._cut = [], False


def _append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())  # on the disk when this returns
