"""Index in a collection of Milvus (https://milvus.io)."""

import json
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from fastreid_mm.common.console import encodable
from fastreid_mm.common.errors import InputError, first_line, require_packages
from fastreid_mm.retrieval.identity import Identity, identity_from, refuse_other
from fastreid_mm.retrieval.side_file import metadata_from, source_from, source_json, with_changes
from fastreid_mm.retrieval.sources import Member
from fastreid_mm.retrieval.vector_index import VectorIndex, placed

_PROPERTY = "fastreid_mm.identity"
_NAME_BYTES, _SOURCE_BYTES = 4096, 65535
_PAGE = 1000
"""Number of rows that are requested at a time."""
_MOST = 16384
"""Number of rows that Milvus returns for a query at most (https://milvus.io/docs/limitations.md)."""
_EFFORTS = {
    "FLAT": (),
    "IVF_FLAT": ("nprobe",),
    "IVF_SQ8": ("nprobe",),
    "IVF_PQ": ("nprobe",),
    "SCANN": ("nprobe", "reorder_k"),
    "HNSW": ("ef",),
    "DISKANN": ("search_list",),
    "AUTOINDEX": ("level",),
}
"""Parameters of a search by kind of index (https://milvus.io/docs/index.md); Milvus itself ignores others."""


class MilvusIndex(VectorIndex):
    """Index in a collection with the fields ``place``, ``name``, ``source`` and ``vector``, and a property identity.

    Milvus keeps rows that it has acknowledged, so added rows are in the collection at once. Collections of earlier
    versions have no field ``source``: replaced files are not noticed there.

    Args:
        url: ``milvus://[USER:PASSWORD@]HOST:PORT/COLLECTION``, or ``milvus-lite://FILE.db/COLLECTION`` for Milvus in
            this process (``milvus-lite:///FILE.db/COLLECTION`` with an absolute path).
        identity: the identity of the vectors that are searched for, or added; None for that of an existing collection.
        kind: the kind of a new index, by Milvus's name and parameters: "HNSW,M=32,efConstruction=200"; None for "FLAT",
            or the kind of an existing collection.
        inner_product: whether the nearest rows are those of the largest inner product, or of the smallest distance.
        effort: the effort of a search in an approximate kind: "nprobe=16", "ef=64".
        create: whether to make the collection if there is none.

    Raises:
        InputError: pymilvus is missing, Milvus cannot be reached, or the collection is missing or another's.
    """

    def __init__(
        self,
        url: str,
        identity: Identity | None,
        kind: str | None = None,
        inner_product: bool = True,
        effort: str = "",
        create: bool = False,
    ) -> None:
        address, self._name = _parse(url)
        require_packages("milvus", "pymilvus", *(["milvus_lite"] if url.startswith("milvus-lite:") else []))
        from pymilvus import MilvusClient  # here: indexes in files do not need it

        for logger in ("pymilvus", "milvus_lite"):  # they print tracebacks of errors that are reported here
            logging.getLogger(logger).setLevel(logging.CRITICAL)
        self._url = url
        parameters = _parameters(effort.split(",") if effort else [])
        with self._refusals():
            self._client = MilvusClient(**address)
            exists = self._client.has_collection(self._name)
        if not exists and (identity is None or not create):
            raise InputError(f"{url}: there is no such collection")
        with self._refusals():
            if not exists and identity:
                self._create(identity, kind or "FLAT", "IP" if inner_product else "L2")
            described = self._client.describe_collection(self._name)
        self.identity, self.kind = self._check(described["properties"], identity, kind)
        self._effort = _effort_of(self.kind, parameters)
        self._fields = [field["name"] for field in described["fields"] if field["name"] in ("place", "name", "source")]
        with self._refusals():
            self._client.load_collection(self._name)
            self._members = self._read_members()
            rows = self._client.query(self._name, filter="place >= 0", output_fields=["count(*)"])[0]["count(*)"]
        if rows != len(self):
            raise InputError(f"{url} is damaged: of its {rows} rows only {len(self)} follow each other")
        self.made = 0 if self._keeps_sources else sys.maxsize
        """Date of writing, see :class:`~fastreid_mm.retrieval.vector_index.VectorIndex`, as for all that follows."""

    def _create(self, identity: Identity, kind: str, metric: str) -> None:
        from pymilvus import DataType

        name, *parameters = kind.split(",")
        if name not in _EFFORTS:
            raise InputError(f"--kind {kind}: Milvus's kinds are {', '.join(_EFFORTS)}")
        schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("place", DataType.INT64, is_primary=True)
        schema.add_field("name", DataType.VARCHAR, max_length=_NAME_BYTES)
        schema.add_field("source", DataType.VARCHAR, max_length=_SOURCE_BYTES)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=identity.size)
        index = self._client.prepare_index_params()
        index.add_index("vector", index_type=name, metric_type=metric, params=_parameters(parameters))
        saved = json.dumps(identity._asdict() | {"kind": kind})
        self._client.create_collection(
            self._name, schema=schema, index_params=index, properties={_PROPERTY: saved}, consistency_level="Strong"
        )

    def _check(self, properties: dict, identity: Identity | None, kind: str | None) -> tuple[Identity, str]:
        """Return identity and kind of the collection, refusing it if they are not those that are given."""
        if _PROPERTY not in properties:
            raise InputError(f"{self._url} is a collection that something else has made")
        try:
            saved = json.loads(properties[_PROPERTY])
            made_as = str(saved.pop("kind"))
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
            raise InputError(f"{self._url} is a collection that something else has made") from None
        made_by = identity_from(saved, self._url)
        refuse_other(made_by, identity or made_by, self._url)
        if kind not in (None, made_as):
            raise InputError(f"{self._url} is of kind {made_as}, not {kind}: choose another collection or delete it")
        return made_by, made_as

    @property
    def _keeps_sources(self) -> bool:
        return "source" in self._fields

    def _read_members(self) -> list[Member]:
        """Read all rows without their vectors, in the order of their places, which have no gaps."""
        members: list[Member] = []
        while True:
            page = f"place >= {len(members)} and place < {len(members) + _PAGE}"
            answer = self._client.query(self._name, filter=page, output_fields=self._fields)
            rows = {row["place"]: row for row in answer}
            while len(members) in rows:
                members.append(self._member(rows[len(members)]))
            if len(rows) < _PAGE:
                return members

    def _member(self, row: dict) -> Member:
        if not self._keeps_sources:
            return Member(row["name"])
        try:
            name, source, *metadata = json.loads(row["source"])
        except (ValueError, TypeError, RecursionError):
            raise InputError(f"{self._url} is damaged: the source of row {row['place']} cannot be read") from None
        return Member(str(name), source_from(source, self._url), *[metadata_from(each, self._url) for each in metadata])

    def __len__(self) -> int:
        return len(self._members)

    waiting = 0
    """Number of rows that are not searched yet: none."""

    def members(self) -> list[Member]:
        """List all rows without their vectors."""
        return list(self._members)

    def add(
        self, vectors: np.ndarray, members: Sequence[str] | Sequence[Member], places: Sequence[int] | None = None
    ) -> None:
        """Put rows into the collection."""
        rows, where = placed(vectors, members, places, len(self))
        self._put(vectors, rows, where)
        self._members = with_changes(self._members, dict(zip(where, rows)), set())

    def _put(self, vectors: np.ndarray, rows: Sequence[Member], places: Sequence[int]) -> None:
        content = []
        for place, (name, source, metadata), vector in zip(places, rows, np.asarray(vectors, np.float32)):
            row = {"place": place, "name": encodable(name), "vector": vector}
            if self._keeps_sources:
                row["source"] = json.dumps([name, source_json(source), *([metadata] if metadata else [])])
            elif row["name"] != name:
                raise InputError(f"{self._url} is of an earlier version, which cannot hold the name {name}")
            for field, limit in (("name", _NAME_BYTES), ("source", _SOURCE_BYTES)):
                size = len(str(row.get(field, "")).encode())
                if size > limit:
                    raise InputError(f"{self._url}: the {field} of {name[:80]} has {size} bytes, Milvus holds {limit}")
            content.append(row)
        if content:
            with self._refusals():
                self._client.upsert(self._name, content)

    def note(self, members: dict[int, Member]) -> None:
        """Store the names, sources and metadata of rows, with their vectors, as Milvus writes only whole rows."""
        if self._keeps_sources:
            places = list(members)
            for start in range(0, len(places), _PAGE):
                page = places[start : start + _PAGE]
                self._put(self.rows(np.array(page)), [members[place] for place in page], page)
            self._members = with_changes(self._members, members, set())
        else:
            print(
                f"{self._url} is of an earlier version, in which files that were replaced are not noticed: "
                "index into another collection",
                file=sys.stderr,
            )

    def drop(self, places: Sequence[int]) -> None:
        """Delete rows, and move the last ones to their places."""
        dropped = set(places)
        left = len(self) - len(dropped)
        holes = sorted(place for place in dropped if place < left)
        moved = [place for place in range(left, len(self)) if place not in dropped]
        if moved:
            self._put(self.rows(np.array(moved)), [self._members[place] for place in moved], holes)
        with self._refusals():
            self._client.delete(self._name, ids=list(range(left, len(self))))
        self._members = with_changes(
            self._members[:left], {hole: self._members[place] for hole, place in zip(holes, moved)}, set()
        )

    def finish(self) -> None:
        """Make Milvus write everything to its storage."""
        with self._refusals():
            self._client.flush(self._name)

    def search(self, vectors: np.ndarray, count: int) -> np.ndarray:
        """Find the places of the nearest rows."""
        if count > _MOST:
            raise InputError(f"{self._url}: a search asks for {count} images a query, Milvus answers at most {_MOST}")
        queries, options = list(np.asarray(vectors, np.float32)), {"params": self._effort}
        with self._refusals():
            answers = self._client.search(self._name, data=queries, limit=count, search_params=options)
        places = np.full((len(vectors), count), -1, np.int64)
        for row, hits in zip(places, answers):
            # servers before 2.4 do not say what the primary key is called
            row[: len(hits)] = [hit.get("place", hit.get("id")) for hit in hits]
        return places

    def rows(self, places: np.ndarray) -> np.ndarray:
        """Return the vectors."""
        distinct, back = np.unique(places, return_inverse=True)
        vectors: dict[int, list[float]] = {}
        for start in range(0, len(distinct), _PAGE):
            with self._refusals():
                page = self._client.get(
                    self._name, ids=distinct[start : start + _PAGE].tolist(), output_fields=["vector"]
                )
            vectors |= {row["place"]: row["vector"] for row in page}
        return np.array([vectors[place] for place in distinct.tolist()], np.float32)[back]

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        from pymilvus.exceptions import MilvusException

        try:
            yield
        except MilvusException as error:
            raise InputError(f"{self._url}: {first_line(error)}") from None


def _parse(url: str) -> tuple[dict[str, str], str]:
    """Split a URL into the arguments of Milvus's client and the name of the collection."""
    scheme, _, rest = url.partition("://")
    place, _, name = rest.rpartition("/")
    if not place or not name:
        raise InputError(f"{url} is not milvus://HOST:PORT/COLLECTION or milvus-lite://FILE.db/COLLECTION")
    if scheme == "milvus-lite":
        return {"uri": place if place.endswith(".db") else f"{place}.db"}, name
    user, _, host = place.rpartition("@")
    return {"uri": f"http://{host}"} | ({"token": user} if user else {}), name


def _effort_of(kind: str, parameters: dict[str, float]) -> dict[str, float]:
    """Refuse parameters of a search that a kind of index does not have."""
    name = kind.split(",")[0]
    known = _EFFORTS.get(name, tuple(parameters))
    for parameter in parameters:
        if parameter not in known:
            raise InputError(f"--effort {parameter}: an index of kind {name} has {', '.join(known) or 'none'}")
    return parameters


def _parameters(pairs: list[str]) -> dict[str, float]:
    """Read parameters such as "ef=64"."""
    try:
        values = {name: float(value) for name, value in (pair.split("=") for pair in pairs)}
    except ValueError:
        raise InputError(f"{','.join(pairs)} is not of the form NAME=NUMBER,NAME=NUMBER") from None
    return {name: int(value) if value.is_integer() else value for name, value in values.items()}
