"""Milvus in this process: it answers as a file does."""

import sys

import numpy as np
import pytest

from fastreid_mm.errors import InputError
from fastreid_mm.retrieval.faiss_index import FaissIndex
from fastreid_mm.retrieval.identity import Identity
from fastreid_mm.retrieval.milvus_index import MilvusIndex

IDENTITY = Identity("CMTR", "cosine", 8, "c0", "w0")


@pytest.mark.parametrize("inner_product", [True, False])
def test_it_finds_what_a_file_does(tmp_path, monkeypatch, inner_product):
    monkeypatch.setattr("fastreid_mm.retrieval.milvus_index._PAGE", 16)
    url = f"milvus-lite://{tmp_path}/gallery.db/people"
    vectors = np.random.default_rng(0).standard_normal((50, 8)).astype(np.float32)
    names = [f"{row}.jpg" for row in range(50)]
    file = FaissIndex(tmp_path / "gallery.index", IDENTITY, None, inner_product)
    with pytest.raises(InputError, match="no such collection"):
        MilvusIndex(url, IDENTITY)
    server = MilvusIndex(url, IDENTITY, None, inner_product, create=True)
    for first, last in ((0, 20), (20, 50)):
        for index in (file, server):
            index.add(vectors[first:last], names[first:last])
        server = MilvusIndex(url, IDENTITY)  # opened anew, it has what was added and is not finished
        assert len(server) == last and server.known() == set(names[:last]) and not server.waiting
    for index in (file, server):
        index.finish()
    found = server.search(vectors[:7], 60)
    assert (found[:, 50:] == -1).all() and found[:, :50].tolist() == file.search(vectors[:7], 50).tolist()
    np.testing.assert_array_equal(server.rows(found[0, :50]), vectors[found[0, :50]])
    assert server.names(found[0, :3]) == [names[place] for place in found[0, :3]]
    with pytest.raises(InputError, match="of another model.* weights w0, not w1"):
        MilvusIndex(url, IDENTITY._replace(weights="w1"))
    with pytest.raises(InputError, match="is of kind FLAT, not HNSW"):
        MilvusIndex(url, IDENTITY, "HNSW,M=8")


@pytest.mark.parametrize(
    ("url", "options", "message"),
    [
        ("milvus://host", {}, "milvus://host is not milvus://HOST:PORT/COLLECTION"),
        ("milvus-lite://{}/a.db/g", {"effort": "fast"}, "fast is not of the form NAME=NUMBER"),
        ("milvus://127.0.0.1:1/g", {}, "milvus://127.0.0.1:1/g: "),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path, url, options, message):
    with pytest.raises(InputError, match=message):
        MilvusIndex(url.format(tmp_path), IDENTITY, **options)


def test_without_pymilvus_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    with pytest.raises(InputError, match=r"fastreid-mm\[milvus\]"):
        MilvusIndex("milvus://127.0.0.1:1/g", IDENTITY)
