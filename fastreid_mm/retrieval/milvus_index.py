"""An index in a collection of Milvus (https://milvus.io)."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from fastreid_mm.errors import InputError, first_line, require_packages
from fastreid_mm.retrieval.identity import Identity, refuse_other

_PROPERTY = "fastreid_mm.identity"
_NAME_BYTES = 4096
_PAGE = 1000
"""Rows that are asked for at a time."""


class MilvusIndex:
    """A collection with the fields ``place``, ``name`` and ``vector``; whose vectors these are is a property of it.

    Milvus keeps what it has acknowledged, so what is added is in the collection at once.

    Args:
        url: ``milvus://[USER:PASSWORD@]HOST:PORT/COLLECTION``, or ``milvus-lite://FILE.db/COLLECTION`` for Milvus in
            this process (``milvus-lite:///FILE.db/COLLECTION`` with an absolute path).
        identity: of the vectors that are searched for, or added.
        kind: of a new index, Milvus's name and parameters: "HNSW,M=32,efConstruction=200"; None for "FLAT", or
            whatever the collection is.
        inner_product: whether the nearest rows are those of the largest inner product, or of the least distance.
        effort: of a search in an approximate kind: "nprobe=16", "ef=64".
        create: make the collection if it is not there.

    Raises:
        InputError: pymilvus is missing, Milvus cannot be reached, or the collection is missing or another's.
    """

    def __init__(
        self,
        url: str,
        identity: Identity,
        kind: str | None = None,
        inner_product: bool = True,
        effort: str = "",
        create: bool = False,
    ) -> None:
        address, self._name = _parse(url)
        require_packages("milvus", "pymilvus", *(["milvus_lite"] if url.startswith("milvus-lite:") else []))
        from pymilvus import MilvusClient  # here: those who search files do without it

        self._url, self._identity = url, identity
        self._effort = _parameters(effort.split(",") if effort else [])
        with self._refusals():
            self._client = MilvusClient(**address)
            there = self._client.has_collection(self._name)
        if not there and not create:
            raise InputError(f"{url}: there is no such collection")
        with self._refusals():
            if not there:
                self._create(kind or "FLAT", "IP" if inner_product else "L2")
            properties = self._client.describe_collection(self._name)["properties"]
        self._check(properties, kind)
        with self._refusals():
            self._client.load_collection(self._name)
            self._known = self._read_names()

    def _create(self, kind: str, metric: str) -> None:
        from pymilvus import DataType

        name, *parameters = kind.split(",")
        schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("place", DataType.INT64, is_primary=True)
        schema.add_field("name", DataType.VARCHAR, max_length=_NAME_BYTES)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=self._identity.size)
        index = self._client.prepare_index_params()
        index.add_index("vector", index_type=name, metric_type=metric, params=_parameters(parameters))
        saved = json.dumps(self._identity._asdict() | {"kind": kind})
        self._client.create_collection(
            self._name, schema=schema, index_params=index, properties={_PROPERTY: saved}, consistency_level="Strong"
        )

    def _check(self, properties: dict, kind: str | None) -> None:
        if _PROPERTY not in properties:
            raise InputError(f"{self._url} is a collection that something else has made")
        saved = json.loads(properties[_PROPERTY])
        made_as = saved.pop("kind")
        refuse_other(Identity(**saved), self._identity, self._url)
        if kind not in (None, made_as):
            raise InputError(f"{self._url} is of kind {made_as}, not {kind}: choose another collection or delete it")

    def _read_names(self) -> list[str]:
        """The names in the order of their places, which have no gaps."""
        names: list[str] = []
        while True:
            page = f"place >= {len(names)} and place < {len(names) + _PAGE}"
            found = self._client.query(self._name, filter=page, output_fields=["place", "name"])
            if not found:
                return names
            names += [row["name"] for row in sorted(found, key=lambda row: row["place"])]

    def __len__(self) -> int:
        return len(self._known)

    waiting = 0
    """All that was added is searched."""

    def known(self) -> set[str]:
        """See :class:`~fastreid_mm.retrieval.vector_index.VectorIndex`, as for all that follows."""
        return set(self._known)

    def add(self, vectors: np.ndarray, names: list[str]) -> None:
        """Add rows to the collection."""
        content = [
            {"place": place, "name": name, "vector": vector}
            for place, (name, vector) in enumerate(zip(names, np.asarray(vectors, np.float32)), len(self))
        ]
        with self._refusals():
            self._client.insert(self._name, content)
        self._known += names

    def finish(self) -> None:
        """Have Milvus write everything to where it keeps it."""
        with self._refusals():
            self._client.flush(self._name)

    def search(self, vectors: np.ndarray, count: int) -> np.ndarray:
        """Places of the nearest rows."""
        asking, options = list(np.asarray(vectors, np.float32)), {"params": self._effort}
        with self._refusals():
            found = self._client.search(self._name, data=asking, limit=count, search_params=options)
        places = np.full((len(vectors), count), -1, np.int64)
        for row, hits in zip(places, found):
            row[: len(hits)] = [hit["place"] for hit in hits]
        return places

    def rows(self, places: np.ndarray) -> np.ndarray:
        """The vectors."""
        distinct, back = np.unique(places, return_inverse=True)
        found: dict[int, list[float]] = {}
        for start in range(0, len(distinct), _PAGE):
            with self._refusals():
                page = self._client.get(
                    self._name, ids=distinct[start : start + _PAGE].tolist(), output_fields=["vector"]
                )
            found |= {row["place"]: row["vector"] for row in page}
        return np.array([found[place] for place in distinct.tolist()], np.float32)[back]

    def names(self, places: np.ndarray) -> list[str]:
        """The names."""
        return [self._known[place] for place in places]

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        from pymilvus.exceptions import MilvusException

        try:
            yield
        except MilvusException as error:
            raise InputError(f"{self._url}: {first_line(error)}") from None


def _parse(url: str) -> tuple[dict[str, str], str]:
    """Where Milvus is, as its client has it, and the name of the collection."""
    scheme, _, rest = url.partition("://")
    place, _, name = rest.rpartition("/")
    if not place or not name:
        raise InputError(f"{url} is not milvus://HOST:PORT/COLLECTION or milvus-lite://FILE.db/COLLECTION")
    if scheme == "milvus-lite":
        return {"uri": place if place.endswith(".db") else f"{place}.db"}, name
    user, _, host = place.rpartition("@")
    return {"uri": f"http://{host}"} | ({"token": user} if user else {}), name


def _parameters(pairs: list[str]) -> dict[str, float]:
    """What "ef=64" says."""
    try:
        values = {name: float(value) for name, value in (pair.split("=") for pair in pairs)}
    except ValueError:
        raise InputError(f"{','.join(pairs)} is not of the form NAME=NUMBER,NAME=NUMBER") from None
    return {name: int(value) if value.is_integer() else value for name, value in values.items()}
