"""Damaged and foreign index files and journals, opened, finished and searched as the commands do."""

import json
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from fastreid_mm.retrieval.vector_index import VectorIndex
from fuzzing.images import mutate
from fuzzing.outcome import count, outcome

ROWS, FINISHED, SIZE, TOP = 40, 28, 8, 5
KINDS = ("Flat", "IVF2,Flat", "HNSW8")
FILES = ("g.index", "g.index.json", "g.index.new", "g.index.new.names")
ODD = (None, 5, -1, 1e308, True, "", "x", [], {}, [[]], [None], {"a": 1}, "\ud800", "../../etc/passwd", [5] * ROWS)


def fuzz(times: int, seed: int) -> Counter:
    """Count the outcomes of searching an index after some of its files were changed, by file and kind of change."""
    from fastreid_mm.common.errors import InputError

    rng, counts = random.Random(seed), Counter()
    vectors = np.random.default_rng(seed).standard_normal((ROWS, SIZE)).astype(np.float32)
    with tempfile.TemporaryDirectory() as name:
        originals = {kind: Path(name) / kind for kind in KINDS}
        for kind, folder in originals.items():
            _make(folder, kind, vectors)
        for index in range(times):
            kind, file = rng.choice(KINDS), rng.choice(FILES)
            folder = Path(name) / "damaged"
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(originals[kind], folder)
            change = rng.choice(CHANGES_OF.get(file, CHANGES))
            change(folder / file, rng)
            result = outcome(lambda: _ask(folder / "g.index", vectors), (InputError,))  # noqa: B023  called at once
            fault = f"{file}, {change.__name__.strip('_').replace('_', ' ')}"
            count(counts, fault, result, f"index {index} of seed {seed}, {kind}")
    return counts


def _index(path: Path, kind: str | None = None) -> VectorIndex:
    from fastreid_mm.retrieval.faiss_index import FaissIndex
    from fastreid_mm.retrieval.identity import Identity

    return FaissIndex(path, Identity("any", "euclidean", SIZE, "c0", "w0"), kind, inner_product=False)


def _make(folder: Path, kind: str, vectors: np.ndarray) -> None:
    """Make an index of some rows, with the other rows in a journal."""
    from fastreid_mm.retrieval.sources import Member, Source

    folder.mkdir()
    members = [Member(f"{row}.jpg", Source(f"/g/{row}.jpg", f"/g/{row}.jpg", {"": "1 2 3 x"})) for row in range(ROWS)]
    index = _index(folder / "g.index", kind)
    index.add(vectors[:FINISHED], members[:FINISHED])
    index.finish()
    index.add(vectors[FINISHED:], members[FINISHED:])


def _ask(path: Path, vectors: np.ndarray) -> None:
    """Search, finish and search once more.

    Raises:
        AssertionError: "WRONG": a name is new, a distance is not the name's, or rows are missing other than the last of
            the journal, which the next indexing embeds again.
    """
    from fastreid_mm.retrieval.search import search
    from fastreid_mm.retrieval.spaces import PlainSpace

    index = _index(path)
    query = torch.from_numpy(vectors[:3] + 0.1)
    expected = _euclidean(query, torch.from_numpy(vectors)).numpy()
    for finished in (False, True):
        if finished:
            index.finish()
            index = _index(path)
        rows = len(index)
        names = [member.name for member in index.members()][:rows]
        if names != [f"{row}.jpg" for row in range(rows)] or rows < FINISHED:
            raise AssertionError(f"WRONG rows: {names}")
        result = search(index, PlainSpace("euclidean"), _euclidean, query, TOP, rows)
        for row, places, distances in zip(expected, result.places, result.distances):
            numbers = [int(name.removesuffix(".jpg")) for name in index.names(places)]
            if not np.allclose(row[numbers], distances, atol=1e-4):
                raise AssertionError(f"WRONG distances of {numbers}")


def _euclidean(query: torch.Tensor, gallery: torch.Tensor) -> torch.Tensor:
    from fastreid_mm.evaluation import pairwise_distance

    return pairwise_distance(query, gallery, "euclidean")


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


def _names(path: Path, rng: random.Random) -> None:
    """Reorder, leave out, repeat or replace names."""
    content = json.loads(path.read_text())
    field = content[rng.choice(["names", "sources"])]
    place = rng.randrange(len(field))
    change: Callable[[], object] = rng.choice(
        (
            lambda: rng.shuffle(field),
            lambda: field.pop(place),
            lambda: field.insert(place, field[0]),
            lambda: field.__setitem__(place, rng.choice(ODD)),
        )
    )
    change()
    path.write_text(json.dumps(content))


def _nested(path: Path, rng: random.Random) -> None:
    text, depth = path.read_text(), rng.choice((2_000, 200_000))
    path.write_text(text[:-1] + ', "x": ' + rng.choice("[{") * depth + rng.choice(("", "]" * depth + "}")))


def _lines(path: Path, rng: random.Random) -> None:
    """Leave out, repeat or reorder lines of the journal, or drop their checksums."""
    lines = path.read_text().splitlines()
    place = rng.randrange(len(lines))
    change: Callable[[], object] = rng.choice(
        (
            lambda: lines.pop(place),
            lambda: lines.insert(place, lines[-1]),
            lambda: lines.__setitem__(place, json.dumps(rng.choice(ODD))),
            lambda: lines.reverse(),
        )
    )
    change()
    path.write_text("\n".join(lines) + "\n")


CHANGES = (_bytes, _bytes, _another_file, _deleted)
CHANGES_OF = {
    "g.index.json": (*CHANGES, _fields, _fields, _names, _nested),
    "g.index.new.names": (*CHANGES, _lines, _lines, _nested),
}
"""Changes of any file, and changes of some files only."""
