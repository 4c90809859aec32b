"""Parts of an index that several processes fill at the same time, and their collection into the index."""

import re
from collections.abc import Iterator, Sequence
from glob import escape
from pathlib import Path

import numpy as np

from fastreid_mm.common.errors import InputError
from fastreid_mm.retrieval.samples import Sample
from fastreid_mm.retrieval.sources import Member
from fastreid_mm.retrieval.vector_index import VectorIndex

_ROWS = 8192
"""Number of rows that are read at a time."""


def part_path(index: str, rank: int, world_size: int) -> str:
    """Return the path of the part of a process beside an index.

    Raises:
        InputError: the index is in no file; or there are parts of another number of processes, which were not finished.
    """
    if "://" in index:
        raise InputError(f"--index {index}: several processes fill a file; edit_index merge adds that to Milvus")
    for path in sorted(map(str, Path(index).absolute().parent.glob(f"{escape(Path(index).name)}.part-*-of-*"))):
        form = re.search(r"\.part-\d+-of-(\d+)(\.|$)", path)
        if form and int(form[1]) != world_size:
            raise InputError(
                f"{path} was left by {form[1]} processes: go on with as many, or delete {index}.part-*-of-{form[1]}*"
            )
    return f"{index}.part-{rank + 1}-of-{world_size}"


def collected(
    parts: Sequence[VectorIndex], todo: Sequence[tuple[Sample, int]]
) -> Iterator[tuple[np.ndarray, list[Member], list[int]]]:
    """Yield the rows of parts in the order in which one process would have added them.

    Args:
        parts: the parts, all finished.
        todo: the samples of all parts, each with the place of the row that it replaces, or -1.

    Yields:
        Vectors (n, V) float32, members and places of rows; samples that no part has are left out.
    """
    where = {
        member.source.key: (number, place)
        for number, part in enumerate(parts)
        for place, member in enumerate(part.members())
        if member.source
    }
    for start in range(0, len(todo), _ROWS):
        rows = [
            (sample, place, *where[sample.key]) for sample, place in todo[start : start + _ROWS] if sample.key in where
        ]
        if not rows:
            continue
        numbers, places = (np.array([row[column] for row in rows]) for column in (2, 3))
        vectors = np.empty((len(rows), parts[0].identity.size), np.float32)
        members: list[Member] = [Member("")] * len(rows)
        for number in np.unique(numbers).tolist():
            here = np.flatnonzero(numbers == number)
            vectors[here] = parts[number].rows(places[here])
            for row, member in zip(here.tolist(), parts[number].members_at(places[here])):
                members[row] = member._replace(name=rows[row][0].path)
        yield vectors, members, [row[1] for row in rows]


def remove_part(path: str) -> None:
    """Delete the files of a part."""
    for suffix in ("", ".json", ".new", ".new.names"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
