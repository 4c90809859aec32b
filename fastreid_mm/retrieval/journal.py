"""Journal on disk of rows that are not in an index yet, so that an interruption loses none of them."""

import json
import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fastreid_mm.common.errors import InputError
from fastreid_mm.retrieval.identity import Identity, identity_from, refuse_other
from fastreid_mm.retrieval.side_file import metadata_from, source_from, source_json, text_checksum
from fastreid_mm.retrieval.sources import Member


class Journal:
    """Journal of vectors in one file and of lines that say what to do with them in another, both only appended to.

    A line is JSON, a tab and a checksum. The first contains the identity of the vectors, each of the others says that a
    row goes to a place of the index, that rows are to be dropped, or how the index was written with all changes. A row
    counts if its line is complete, which is written after its vector is on the disk. Incomplete rows of an interruption
    are cut off.

    Args:
        path: the path of the vectors; that of the lines has ``.names`` appended. No file is made before the first line.
        identity: the identity of the vectors.

    Raises:
        InputError: the files are damaged, hold vectors of another model, or do not belong together.
    """

    def __init__(self, path: Path, identity: Identity) -> None:
        self._vectors, self._lines_file, self._identity = path, Path(f"{path}.names"), identity
        self.changes: list[tuple[int, Member]] = []
        """Place of each row in the index, and the row without vector; later rows replace earlier ones of a place."""
        self.dropped: set[int] = set()
        """Places of rows to be left out, after all rows were put into their places."""
        self.index = self.kind = ""
        """Checksum and kind of the index that was written with all changes; empty before."""
        self._whole_bytes = 0  # length of the complete lines
        self._cut = False
        if self._lines_file.is_file():
            self._read()

    @property
    def begun(self) -> bool:
        """Whether the journal has any lines."""
        return bool(self._whole_bytes)

    def _read(self) -> None:
        whole = self._lines_file.read_bytes().rpartition(b"\n")[0]
        if not whole:  # interrupted before the first row
            return
        damaged = f"{self._lines_file} is damaged or no journal of an index; delete it and {self._vectors}"
        try:
            texts = whole.decode().split("\n")
            checked = "\t" in texts[0]  # lines of earlier versions have no checksum
            head, *lines = (json.loads(_checked(text) if checked else text) for text in texts)
            first, saved = head["first"], head["identity"]
            if not isinstance(first, int) or first < 0:
                raise TypeError
            refuse_other(identity_from(saved, self._lines_file), self._identity, self._lines_file)
            checksums = [self._take(line, first) for line in lines]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(damaged) from None
        self._check_vectors([checksum for checksum in checksums if checksum is not None])
        self._whole_bytes = len(whole) + 1

    def _take(self, line: Any, first: int) -> int | None:
        """Read a line, and return the checksum of its vector, -1 if a journal of an earlier version has none."""
        if isinstance(line, str):  # an earlier version
            self.changes.append((first + len(self.changes), Member(line)))
            return -1
        if "drop" in line:
            self.dropped.update(map(int, line["drop"]))
        elif "index" in line:
            self.index, self.kind = str(line["index"]), str(line["kind"])
        else:
            source = source_from(line["source"], self._lines_file)
            metadata = metadata_from(line.get("metadata"), self._lines_file)
            self.changes.append((int(line["place"]), Member(str(line["name"]), source, metadata)))
            return int(line["vector"])
        return None

    def _check_vectors(self, checksums: Sequence[int]) -> None:
        size = self._vectors.stat().st_size if self._vectors.is_file() else 0
        together = f"delete it and {self._lines_file}"
        if size < len(checksums) * self._row_bytes:
            raise InputError(f"{self._vectors} is truncated, it should have {len(checksums)} rows; {together}")
        for row, expected in zip(self.vectors(), checksums):
            if not np.isfinite(row).all() or (expected >= 0 and zlib.crc32(row.tobytes()) != expected):
                raise InputError(f"{self._vectors} is damaged; {together}")

    @property
    def _row_bytes(self) -> int:
        return 4 * self._identity.size

    def __len__(self) -> int:
        return len(self.changes)

    def add(self, vectors: np.ndarray, members: Sequence[Member], places: Sequence[int]) -> None:
        """Append rows, and return when they are on the disk.

        Args:
            vectors: (n, V) float32.
            members: the n rows without their vectors.
            places: their n places in the index.
        """
        rows = [np.ascontiguousarray(vector, np.float32).tobytes() for vector in vectors]
        lines = [
            {"name": name, "source": source_json(source), "place": place, "vector": zlib.crc32(row)}
            | ({"metadata": metadata} if metadata else {})
            for (name, source, metadata), place, row in zip(members, places, rows)
        ]
        self._append(b"".join(rows), lines)
        self.changes += zip(places, members)

    def drop(self, places: Sequence[int]) -> None:
        """Append a line that rows are to be left out."""
        self._append(b"", [{"drop": list(places)}])
        self.dropped.update(places)

    def written(self, checksum: str, kind: str) -> None:
        """Append a line with checksum and kind of the index written with all changes, before it is renamed."""
        self._append(b"", [{"index": checksum, "kind": kind}])
        self.index, self.kind = checksum, kind

    def _append(self, vectors: bytes, lines: list[dict]) -> None:
        if not self._cut:
            self._cut_torn_rows()
        if not self.begun:
            lines = [{"identity": self._identity._asdict(), "first": 0}, *lines]
        if vectors:
            _append(self._vectors, vectors)
        text = "".join(f"{line}\t{text_checksum(line)}\n" for line in map(json.dumps, lines)).encode()
        _append(self._lines_file, text)
        self._whole_bytes += len(text)

    def _cut_torn_rows(self) -> None:
        """Cut off incomplete rows, only when writing, as another process may read the files meanwhile."""
        for path, length in ((self._vectors, len(self) * self._row_bytes), (self._lines_file, self._whole_bytes)):
            path.touch()
            os.truncate(path, length)
        self._cut = True

    def vectors(self) -> np.ndarray:
        """Return the vectors (n, V) float32 of all rows, which are read from the disk when they are used."""
        shape = (len(self), self._identity.size)
        return np.memmap(self._vectors, np.float32, "r", shape=shape) if len(self) else np.empty(shape, np.float32)

    def remove(self) -> None:
        """Delete both files, the lines first: without them there are no rows."""
        self._lines_file.unlink(missing_ok=True)
        self._vectors.unlink(missing_ok=True)
        self.changes, self.dropped, self.index, self.kind = [], set(), "", ""
        self._whole_bytes, self._cut = 0, False


def _checked(line: str) -> str:
    """Check a line by its checksum, and return its JSON."""
    text, _, expected = line.rpartition("\t")
    if text_checksum(text) != expected:
        raise ValueError
    return text


def _append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())  # on the disk when this returns
