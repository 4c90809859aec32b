"""Milvus in this process: it answers as a file does."""

import os
import sys

import numpy as np
import pytest
from pymilvus import CollectionSchema

from fastreid_mm.common.errors import InputError
from fastreid_mm.retrieval.faiss_index import FaissIndex
from fastreid_mm.retrieval.identity import Identity
from fastreid_mm.retrieval.milvus_index import MilvusIndex
from fastreid_mm.retrieval.sources import Member, Source

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
    assert [each.name for each in server.members_at(found[0, :3])] == [names[place] for place in found[0, :3]]
    with pytest.raises(InputError, match="of another model.* weights w0, not w1"):
        MilvusIndex(url, IDENTITY._replace(weights="w1"))
    with pytest.raises(InputError, match="is of kind FLAT, not HNSW"):
        MilvusIndex(url, IDENTITY, "HNSW,M=8")


def test_rows_are_replaced_and_dropped(tmp_path):
    url, name = f"milvus-lite://{tmp_path}/g.db/people", os.fsdecode("行人".encode("gbk"))
    vectors = np.random.default_rng(0).standard_normal((10, 8)).astype(np.float32)
    source = Source("/k", "/a", {"": "1 2 3 x"})
    index = MilvusIndex(url, IDENTITY, create=True)
    index.add(vectors[:6], [str(row) for row in range(6)])
    index.add(vectors[6:8], [Member(name, source), Member("new")], [2, -1])
    index.drop([0, 6, 3])
    expected = [("4", vectors[4]), ("1", vectors[1]), (name, vectors[6]), ("5", vectors[5])]
    for opened in (index, MilvusIndex(url, IDENTITY)):
        assert [member.name for member in opened.members()] == [name for name, _ in expected]
        np.testing.assert_array_equal(opened.rows(np.arange(4)), [vector for _, vector in expected])
        assert opened.members()[2].source == source
        assert opened.search(vectors[6:7], 9)[0].tolist()[4:] == [-1] * 5
    with pytest.raises(InputError, match="bad: its feature has numbers"):
        index.add(vectors[:1] * np.nan, ["bad"])


def test_what_is_no_index_of_ours_is_refused_in_a_line(tmp_path, capfd, monkeypatch):
    (tmp_path / "a.db").write_bytes(os.urandom(5000))
    with pytest.raises(InputError, match="a.db/g: ") as error:
        MilvusIndex(f"milvus-lite://{tmp_path}/a.db/g", IDENTITY, create=True)
    assert "\n" not in str(error.value) and "Traceback" not in capfd.readouterr().err
    url = f"milvus-lite://{tmp_path}/g.db/people"
    index = MilvusIndex(url, IDENTITY, create=True)
    for saved in ("[" * 100_000, "5", "{}", '{"kind": "FLAT"}', '{"kind": "FLAT", "later": 1}'):
        with pytest.raises(InputError, match="something else has made|another version"):
            index._check({"fastreid_mm.identity": saved}, None, None)
    with pytest.raises(InputError, match="cannot be read"):
        index._member({"place": 3, "name": "a", "source": "{"})
    index.add(np.eye(3, 8, dtype=np.float32), ["a", "b", "c"])
    index._client.delete("people", ids=[1])
    with pytest.raises(InputError, match="of its 2 rows only 1 follow each other"):
        MilvusIndex(url, IDENTITY)


def test_a_collection_of_an_earlier_version_is_searched_and_added_to(tmp_path, monkeypatch, capsys):
    url = f"milvus-lite://{tmp_path}/g.db/people"
    with monkeypatch.context() as patch:
        patch.setattr(CollectionSchema, "add_field", _without_source(CollectionSchema.add_field))
        index = MilvusIndex(url, IDENTITY, create=True)
    index.add(np.eye(2, 8, dtype=np.float32), ["a", "b"])
    index = MilvusIndex(url, IDENTITY)
    assert index.members() == [Member("a"), Member("b")] and index.made == sys.maxsize
    index.note({0: Member("a", Source("/a", "/a", {"": "1 2 3 x"}))})
    assert "is of an earlier version" in capsys.readouterr().err
    with pytest.raises(InputError, match="of an earlier version, which cannot hold the name"):
        index.add(np.eye(1, 8, dtype=np.float32), ["\udcff"])


def _without_source(add_field):
    return lambda self, name, *rest, **more: self if name == "source" else add_field(self, name, *rest, **more)


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
