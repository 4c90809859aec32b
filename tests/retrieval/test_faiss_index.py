"""An index in a file: what an interruption leaves, and what is refused."""

import json
import os
from pathlib import Path

import faiss
import numpy as np
import pytest

from fastreid_mm.common.errors import InputError
from fastreid_mm.retrieval.faiss_index import FaissIndex
from fastreid_mm.retrieval.identity import Identity
from fastreid_mm.retrieval.sources import Member, Source

IDENTITY = Identity("CMTR", "euclidean", 4, "c0", "w0")
VECTORS = np.arange(40, dtype=np.float32).reshape(10, 4)


def opened(path, kind=None, identity=IDENTITY, **options):
    return FaissIndex(path / "g.index", identity, kind, inner_product=False, **options)


def add(index, first, last):
    index.add(VECTORS[first:last], [f"{row}.jpg" for row in range(first, last)])


def check(path, rows):
    """The files hold these rows, once each, and nothing is left beside them."""
    index = opened(path)
    assert len(index) == rows and not index.waiting and index.known() == {f"{row}.jpg" for row in range(rows)}
    assert [each.name for each in index.members_at(index.search(VECTORS[:rows], 1)[:, 0])] == [
        f"{row}.jpg" for row in range(rows)
    ]
    np.testing.assert_array_equal(index.rows(np.arange(rows)[::-1]), VECTORS[:rows][::-1])
    assert sorted(os.listdir(path)) == ["g.index", "g.index.json"]
    assert faiss.read_index(str(path / "g.index")).ntotal == rows


def test_what_is_added_is_found_by_whoever_opens_it(tmp_path):
    index = opened(tmp_path)
    add(index, 0, 3)
    add(index, 3, 6)
    assert opened(tmp_path).waiting == 6  # of a process that has gone
    index.finish()
    check(tmp_path, 6)
    later = opened(tmp_path)
    add(later, 6, 10)
    assert len(later) == 6 and later.waiting == 4
    later.finish()
    check(tmp_path, 10)


@pytest.mark.parametrize("torn", ["vectors", "names", "both", "head"])
def test_a_torn_row_is_cut_off(tmp_path, torn):
    index = opened(tmp_path)
    add(index, 0, 3)
    vectors, names = tmp_path / "g.index.new", tmp_path / "g.index.new.names"
    if torn == "head":
        os.truncate(names, 5)
    if torn in ("vectors", "both"):
        vectors.write_bytes(vectors.read_bytes() + b"\0" * (16 + 5))
    if torn in ("names", "both"):
        os.truncate(names, names.stat().st_size - 2)
    again = opened(tmp_path)
    left = {"vectors": 3, "names": 2, "both": 2, "head": 0}[torn]
    assert again.known() == {f"{row}.jpg" for row in range(left)}
    add(again, left, 10)
    again.finish()
    check(tmp_path, 10)


def finish_cut_at(index, place, monkeypatch):
    """Finish, but be interrupted where a file gets its name or the journal is removed."""
    replace = Path.replace

    def cut(path, target):
        if Path(target).name == place:
            raise KeyboardInterrupt
        return replace(path, target)

    def interrupt():
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "replace", cut)
        if place == "remove":
            patch.setattr(index._journal, "remove", interrupt)
        index.finish()


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("stopped_at", ["g.index", "g.index.json", "remove"])
def test_finishing_can_be_cut_anywhere(tmp_path, monkeypatch, first, stopped_at):
    if not first:
        index = opened(tmp_path)
        add(index, 0, 4)
        index.finish()
    index = opened(tmp_path)
    add(index, 0 if first else 4, 10)
    finish_cut_at(index, stopped_at, monkeypatch)
    again = opened(tmp_path)
    assert again.known() == {f"{row}.jpg" for row in range(10)}
    again.finish()
    check(tmp_path, 10)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("weights", "other weights, weights w0, not x"),
        ("config", "another config"),
        ("architecture", "architecture CMTR, not x"),
        ("space", "TEST.METRIC"),
    ],
)
@pytest.mark.parametrize("finished", [True, False])
def test_another_model_is_refused(tmp_path, field, message, finished):
    index = opened(tmp_path)
    add(index, 0, 3)
    if finished:
        index.finish()
    with pytest.raises(InputError, match=rf"g.index\S* is of another model.*{message}"):
        opened(tmp_path, identity=IDENTITY._replace(**{field: "x"}))


@pytest.mark.parametrize("length", [0, 3, 40, 100])
@pytest.mark.parametrize("name", ["g.index", "g.index.json"])
def test_a_truncated_file_is_refused_by_name(tmp_path, length, name):
    index = opened(tmp_path)
    add(index, 0, 10)
    index.finish()
    os.truncate(tmp_path / name, length)
    with pytest.raises(InputError, match=f"{name} is truncated or not ") as error:
        opened(tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("kind", "stopped_at"),
    [
        *((kind, "") for kind in ("Flat", "HNSW8", "IVF2,Flat", "IVF2,PQ2x2,RFlat", "PCA4,Flat")),
        *(("Flat", name) for name in ("g.index", "g.index.json", "remove")),
    ],
)
def test_rows_are_replaced_and_dropped_wherever_it_is_cut(tmp_path, monkeypatch, kind, stopped_at):
    index = opened(tmp_path, kind)
    add(index, 0, 8)
    index.finish()
    index = opened(tmp_path)
    index.add(VECTORS[8:] + 100, ["new.jpg", "other.jpg"], [-1, 2])
    index.add(VECTORS[8:9] + 200, ["newest.jpg"], [8])  # of what is waiting
    assert [member.name for member in index.members()][-2:] == ["7.jpg", "newest.jpg"]
    index.drop([0])
    if stopped_at:
        finish_cut_at(index, stopped_at, monkeypatch)
    index = opened(tmp_path)
    index.finish()
    index = opened(tmp_path)
    names = ["1.jpg", "other.jpg", *(f"{row}.jpg" for row in range(3, 8)), "newest.jpg"]
    expected = np.stack([VECTORS[1], VECTORS[9] + 100, *VECTORS[3:8], VECTORS[8] + 200])
    assert [member.name for member in index.members()] == names
    assert index.members_at(np.arange(8)) == index.members()
    np.testing.assert_allclose(index.rows(np.arange(8)), expected, atol=1e-4)
    if "PQ" not in kind:
        effort = "nprobe=2" if "IVF" in kind else ""
        assert opened(tmp_path, effort=effort).search(expected, 1)[:, 0].tolist() == [*range(8)]
    assert sorted(os.listdir(tmp_path)) == ["g.index", "g.index.json"]


def test_what_is_known_of_files_is_kept(tmp_path):
    index, sources = opened(tmp_path), [Source("/a", "/a", {"": "1 2 3 x"}), Source("/k", "/b", {"RGB": "1 2 3 y"})]
    index.add(VECTORS[:3], [Member("a", sources[0]), Member("b", sources[1]), Member("c")])
    assert opened(tmp_path).members() == index.members()
    index.finish()
    index = opened(tmp_path)
    index.note({2: Member("c", sources[0])})
    index.finish()
    assert [member.source for member in opened(tmp_path).members()] == [*sources, sources[0]]


def test_rows_that_no_search_finds_are_refused(tmp_path):
    rows = VECTORS[:3].copy()
    rows[1, 2] = np.nan
    with pytest.raises(InputError, match="b.jpg: its feature has numbers that are not finite"):
        opened(tmp_path).add(rows, ["a.jpg", "b.jpg", "c.jpg"])


def other_sides(good):
    content = json.loads(good)
    identity = content["identity"]
    yield "fields of its identity", content | {"identity": {}}
    yield "fields of its identity differ in later", content | {"identity": identity | {"later": 1}}
    yield "size of its identity is 'four'", content | {"identity": identity | {"size": "four"}}
    for names in (5, None, [1, 2, 3], {"a": 1}, "abc", [["a"]]):
        yield "names is no list of texts", content | {"names": names}
    yield "sources is no list of as many", content | {"names": ["a", "b"]}
    for source in (5, ["a"], ["", "a", {}], ["", 3, {"": "x"}], [["a"], "b", {"": "x"}]):
        yield "describes no source of a row", content | {"sources": [source] * 3}
    yield "kind is no text", content | {"kind": None}
    yield "damaged or changed", content | {"names": ["b", "a", "c"]}
    yield "damaged or changed", {"another": 1} | content
    yield "no JSON", good[:-1] + ', "x": ' + "[" * 200_000 + "]" * 200_000 + "}"
    yield "lacks identity, kind or names", []
    yield "no JSON", good.replace("a", "\\")


def test_another_json_is_refused_in_words(tmp_path):
    index = opened(tmp_path)
    index.add(VECTORS[:3], ["a", "b", "c"])
    index.finish()
    side = tmp_path / "g.index.json"
    for message, content in other_sides(side.read_text()):
        side.write_text(content if isinstance(content, str) else json.dumps(content))
        with pytest.raises(InputError, match=rf"g.index.json .*{message}") as error:
            opened(tmp_path)
        assert "\n" not in str(error.value)
    side.write_bytes(b'{"names": "\xff"}')
    with pytest.raises(InputError, match="no JSON"):
        opened(tmp_path)


def test_an_index_of_an_earlier_version_is_taken(tmp_path):
    index = opened(tmp_path)
    add(index, 0, 6)
    index.finish()
    side = {"identity": IDENTITY._asdict(), "kind": "Flat", "names": [f"{row}.jpg" for row in range(6)]}
    (tmp_path / "g.index.json").write_text(json.dumps(side))
    head = json.dumps({"identity": IDENTITY._asdict(), "first": 6})
    (tmp_path / "g.index.new.names").write_text("\n".join([head, '"6.jpg"', '"7.jpg"', '"8.']))
    (tmp_path / "g.index.new").write_bytes(VECTORS[6:8].tobytes())
    index = opened(tmp_path)
    assert index.waiting == 2 and index.made > 0 and {member.source for member in index.members()} == {None}
    index.finish()
    check(tmp_path, 8)


@pytest.mark.parametrize("name", ["g.index", "g.index.new", "g.index.new.names"])
@pytest.mark.parametrize("kind", ["Flat", "IVF2,Flat"])
def test_a_damaged_byte_anywhere_is_noticed(tmp_path, name, kind):
    index = opened(tmp_path, kind)
    add(index, 0, 5)
    index.finish()
    add(index, 5, 9)
    path = tmp_path / name
    good = path.read_bytes()
    for place in range(0, len(good) - 1, 7):
        path.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        with pytest.raises(InputError, match="g.index") as error:
            opened(tmp_path)
        assert "\n" not in str(error.value)


def test_what_is_not_ours_or_does_not_go_together_is_refused(tmp_path):
    (tmp_path / "g.index").write_bytes(os.urandom(5000))
    with pytest.raises(InputError, match="g.index.json does not exist"):
        opened(tmp_path)
    side = {"identity": IDENTITY._asdict(), "kind": "Flat", "names": ["a.jpg"]}
    (tmp_path / "g.index.json").write_text(json.dumps(side))
    with pytest.raises(InputError, match="g.index is truncated or not an index of FAISS"):
        opened(tmp_path)
    for columns, rows, message in ((3, 1, "has 3 columns, not 4"), (4, 2, "has 2 rows and .*g.index.json 1")):
        other = faiss.IndexFlatL2(columns)
        other.add(np.zeros((rows, columns), np.float32))
        faiss.write_index(other, str(tmp_path / "g.index"))
        with pytest.raises(InputError, match=message):
            opened(tmp_path)


def test_kinds_and_efforts_there_are_not_are_refused(tmp_path):
    with pytest.raises(InputError, match="--kind Tree: could not parse index string Tree"):
        opened(tmp_path, "Tree")
    index = opened(tmp_path, "IVF20,Flat")
    add(index, 0, 10)
    with pytest.raises(InputError, match=r"kind IVF20,Flat, 10 rows: Number of training points \(10\)"):
        index.finish()
    index = opened(tmp_path, "IVF2,Flat")  # what was added is still there
    index.finish()
    check(tmp_path, 10)
    assert opened(tmp_path, effort="nprobe=2").search(VECTORS[:1], 10).min() == 0
    with pytest.raises(InputError, match="--effort speed=2: .*could not set parameter speed"):
        opened(tmp_path, effort="speed=2")
    with pytest.raises(InputError, match="is of kind IVF2,Flat, not Flat"):
        opened(tmp_path, "Flat")


def test_a_line_without_its_checksum_is_no_line_of_a_journal(tmp_path):
    add(opened(tmp_path), 0, 3)
    lines = tmp_path / "g.index.new.names"
    lines.write_text(lines.read_text() + '"x.jpg"\n')
    (tmp_path / "g.index.new").write_bytes(VECTORS[:4].tobytes())
    with pytest.raises(InputError, match="g.index.new.names is damaged"):
        opened(tmp_path)
