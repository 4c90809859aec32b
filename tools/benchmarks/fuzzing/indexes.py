"""Damaged and foreign index files and journals, opened, finished and searched as the commands do."""

import json
import random
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch

from fastreid_mm.evaluation import pairwise_distance
from fastreid_mm.retrieval.faiss_index import FaissIndex
from fastreid_mm.retrieval.identity import Identity
from fastreid_mm.retrieval.search import search
from fastreid_mm.retrieval.sources import Member, Source
from fastreid_mm.retrieval.spaces import PlainSpace
from fuzzing.campaign import Try
from fuzzing.images import mutate

ROWS, FINISHED, SIZE, TOP = 40, 28, 8, 5
KINDS = ("Flat", "IVF2,Flat", "HNSW8")
FILES = ("g.index", "g.index.json", "g.index.new", "g.index.new.names")
ODD = (None, 5, -1, 1e308, True, "", "x", [], {}, [[]], [None], {"a": 1}, "\ud800", "../../etc/passwd", [5] * ROWS)


def tries(rng: random.Random, folder: Path) -> Iterator[Try]:
    """Change a file of an index, and search in the index."""
    vectors = np.random.default_rng(0).standard_normal((ROWS, SIZE)).astype(np.float32)
    for kind in KINDS:
        _make(folder / kind, kind, vectors)
    while True:
        kind, file = rng.choice(KINDS), rng.choice(FILES)
        damaged = folder / "damaged"
        shutil.rmtree(damaged, ignore_errors=True)
        shutil.copytree(folder / kind, damaged)
        change = rng.choice(CHANGES_OF.get(file, CHANGES))
        change(damaged / file, rng)
        fault = f"{file}, {change.__name__.strip('_').replace('_', ' ')}"
        yield Try({fault: partial(_ask, damaged / "g.index", vectors)}, kind)


def _index(path: Path, kind: str | None = None) -> FaissIndex:
    return FaissIndex(path, Identity("any", "euclidean", SIZE, "c0", "w0"), kind, inner_product=False)


def _make(folder: Path, kind: str, vectors: np.ndarray) -> None:
    """Make an index of some rows, with the other rows in a journal."""
    folder.mkdir()
    members = [Member(f"{row}.jpg", Source(f"/g/{row}.jpg", f"/g/{row}.jpg", {"": "1 2 3 x"})) for row in range(ROWS)]
    index = _index(folder / "g.index", kind)
    index.add(vectors[:FINISHED], members[:FINISHED])
    index.finish()
    index.add(vectors[FINISHED:], members[FINISHED:])


def _ask(path: Path, vectors: np.ndarray) -> None:
    """Search, finish and search once more.

    Raises:
        AssertionError: a name is new, a distance is not the name's, or rows are missing other than the last of the
            journal, which the next indexing embeds again.
    """
    index = _index(path)
    query = torch.from_numpy(vectors[:3] + 0.1)
    distance = partial(pairwise_distance, metric="euclidean")
    expected = distance(query, torch.from_numpy(vectors)).numpy()
    for finished in (False, True):
        if finished:
            index.finish()
            index = _index(path)
        rows = len(index)
        names = [member.name for member in index.members()][:rows]
        if names != [f"{row}.jpg" for row in range(rows)] or rows < FINISHED:
            raise AssertionError(f"rows: {names}")
        result = search(index, PlainSpace("euclidean"), distance, query, TOP, rows)
        for row, places, distances in zip(expected, result.places, result.distances):
            numbers = [int(member.name.removesuffix(".jpg")) for member in index.members_at(places)]
            if not np.allclose(row[numbers], distances, atol=1e-4):
                raise AssertionError(f"distances of {numbers}")


def _bytes(path: Path, rng: random.Random) -> None:
    path.write_bytes(mutate(path.read_bytes(), rng))


def _another_file(path: Path, rng: random.Random) -> None:
    """Replace a file by another of the four, or by an empty one."""
    others = [path.with_name(name).read_bytes() for name in FILES if name != path.name]
    path.write_bytes(rng.choice([*others, b"", b"\0" * 4096, rng.randbytes(3000)]))


def _deleted(path: Path, rng: random.Random) -> None:
    path.unlink()


def _fields(path: Path, rng: random.Random) -> None:
    """Leave out, add or change a field of the JSON."""
    content = json.loads(path.read_text())
    inner = rng.choice([content, content["identity"]])
    key = rng.choice(sorted(inner))
    if rng.random() < 0.3:
        del inner[key]
    else:
        inner[rng.choice([key, key, "later"])] = rng.choice(ODD)
    path.write_text(json.dumps(content))


def _rearranged(entries: list, rng: random.Random, odd: object) -> None:
    """Shuffle entries, or leave out, repeat or replace one."""
    place = rng.randrange(len(entries))
    changes: tuple[Callable[[], object], ...] = (
        lambda: rng.shuffle(entries),
        lambda: entries.pop(place),
        lambda: entries.insert(place, entries[-1]),
        lambda: entries.__setitem__(place, odd),
    )
    rng.choice(changes)()


def _names(path: Path, rng: random.Random) -> None:
    content = json.loads(path.read_text())
    _rearranged(content[rng.choice(["names", "sources"])], rng, rng.choice(ODD))
    path.write_text(json.dumps(content))


def _lines(path: Path, rng: random.Random) -> None:
    """Rearrange lines of the journal; a replaced one has no checksum."""
    lines = path.read_text().splitlines()
    _rearranged(lines, rng, json.dumps(rng.choice(ODD)))
    path.write_text("\n".join(lines) + "\n")


def _nested(path: Path, rng: random.Random) -> None:
    text, depth = path.read_text(), rng.choice((2_000, 200_000))
    path.write_text(text[:-1] + ', "x": ' + rng.choice("[{") * depth + rng.choice(("", "]" * depth + "}")))


CHANGES = (_bytes, _bytes, _another_file, _deleted)
CHANGES_OF = {
    "g.index.json": (*CHANGES, _fields, _fields, _names, _nested),
    "g.index.new.names": (*CHANGES, _lines, _lines, _nested),
}
"""Changes of any file, and changes of some files only."""
