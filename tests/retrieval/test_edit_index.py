"""Indexes that are made in parts, joined, filtered, checked and shortened, without the network."""

import json

import numpy as np
import pytest

from fastreid_mm.commands import edit_index, index_gallery, search_gallery
from fastreid_mm.common.errors import InputError
from fastreid_mm.retrieval.faiss_index import FaissIndex
from fastreid_mm.retrieval.identity import Identity
from fastreid_mm.retrieval.metadata import Metadata, condition_from, meeting
from fastreid_mm.retrieval.milvus_index import MilvusIndex
from fastreid_mm.retrieval.open_index import open_of
from fastreid_mm.retrieval.sources import Member, Source
from tests.retrieval.command_line import gallery, refused, run

IDENTITY = Identity("CMTR", "cosine", 8, "c0", "w0")
VECTORS = np.random.default_rng(0).standard_normal((9, 8)).astype(np.float32)
MEMBERS = [
    Member(f"{row}.jpg", Source(f"/g/{row}.jpg", f"/g/{row}.jpg", {"": "1 2 3 x"}), {"camera": str(row % 3)})
    for row in range(9)
]


def write_index(path, rows, identity=IDENTITY):
    index = FaissIndex(path, identity)
    index.add(VECTORS[rows], [MEMBERS[row] for row in rows])
    index.finish()
    return index


@pytest.mark.parametrize("target", ["all.index", "milvus-lite://{}/g.db/people"])
def test_parts_joined_are_the_index_of_all(tmp_path, monkeypatch, capsys, target):
    monkeypatch.setattr(edit_index, "_ROWS", 2)
    parts = [tmp_path / "1.index", tmp_path / "2.index"]
    write_index(parts[0], [0, 1, 2, 3, 4])
    write_index(parts[1], [3, 4, 5, 6, 7, 8])
    target = target.format(tmp_path) if "://" in target else str(tmp_path / target)
    run(edit_index, "merge", target, *parts)
    assert capsys.readouterr().out == f"{target}: 9 images, 9 of them new, 2 were there already\n"
    joined = open_of(target)
    assert joined.members() == MEMBERS and joined.identity == IDENTITY
    np.testing.assert_allclose(joined.rows(np.arange(9)), VECTORS, rtol=1e-6)
    run(edit_index, "merge", target, parts[0])
    assert "9 images, 0 of them new, 5 were there already" in capsys.readouterr().out
    other = write_index(tmp_path / "3.index", [0], IDENTITY._replace(weights="w1"))
    assert "of another model" in refused(capsys, edit_index, "merge", target, tmp_path / "3.index")
    other.add(VECTORS[:1], ["late"])
    assert "was not finished" in refused(capsys, edit_index, "merge", target, tmp_path / "3.index")


def test_rows_are_listed_and_removed_by_name_and_metadata(tmp_path, capsys):
    path = tmp_path / "g.index"
    write_index(path, list(range(9)))
    run(edit_index, "list", path, "--where", "camera=2")
    listed = capsys.readouterr().out.splitlines()
    assert listed[:3] == [f"{row}.jpg  camera=2" for row in (2, 5, 8)]
    assert listed[3] == f"{path}: 9 images; kind Flat; made with CMTR, compared by cosine, 8 numbers a row"
    run(edit_index, "remove", path, "--images", "[0-4].jpg", "8.jpg", "--where", "camera>=1")
    assert capsys.readouterr().out == f"{path}: 4 images removed, 5 left\n"
    index = open_of(str(path))
    assert [member.name for member in index.members()] == [f"{row}.jpg" for row in (0, 3, 5, 6, 7)]
    np.testing.assert_array_equal(index.rows(np.arange(5)), VECTORS[[0, 3, 5, 6, 7]])
    for options, message in (
        ([], "say which images"),
        (["--images", "9.jpg"], "no image of the index is called '9.jpg'"),
        (["--images", ""], "no image of the index is called ''"),
        (["--where", "time>3"], "no image of the index has time; it has camera"),
        (["--where", "camera"], "'camera' is no condition"),
        (["--where", "camera=7"], "none of the 5 images of the index meets it"),
    ):
        assert message in refused(capsys, edit_index, "remove", path, *options)
    assert len(open_of(str(path))) == 5
    run(edit_index, "remove", path, "--gone")
    assert "5 images removed, 0 left" in capsys.readouterr().out


def test_a_filtered_search_over_shards_is_that_over_the_chosen_images(arguments, folder, capsys):
    model = arguments()
    table = folder / "gallery" / "table.csv"
    images = sorted((folder / "gallery").rglob("*.png"))
    lines = [f"{path.relative_to(folder / 'gallery')},{number % 3},{number}" for number, path in enumerate(images[:-1])]
    table.write_text("\n".join(["path,camera,time", *lines]))
    for part in (1, 2):
        options = ["--shard", f"{part}/2", "--metadata", table]
        run(index_gallery, *model, *gallery(folder, f"{part}.index"), *options)
    assert "6 images, 6 of them new, 0 could not be read, 5 with metadata" in capsys.readouterr().out
    run(edit_index, "merge", folder / "g.index", folder / "1.index", folder / "2.index")
    run(index_gallery, *model, *gallery(folder, "whole.index"))
    asked = ["--images", folder / "query", "--modality", "visible", "--top", 12, "--json", folder / "f.json"]

    def matches(index, *options):
        run(search_gallery, *model, *asked, "--index", folder / index, *options)
        return json.loads((folder / "f.json").read_text())[0]["matches"]

    everything = matches("whole.index")
    chosen = [str(path) for number, path in enumerate(images[:-1]) if number % 3 == 1 and number < 10]
    filtered = matches("g.index", "--where", "camera=1", "time<10")
    assert [match["path"] for match in filtered] == [m["path"] for m in everything if m["path"] in chosen]
    assert all(match["metadata"]["camera"] == "1" for match in filtered)
    by_path = {match["path"]: match["score"] for match in everything}
    assert [match["score"] for match in filtered] == pytest.approx([by_path[m["path"]] for m in filtered], abs=1e-5)

    table.write_text(table.read_text().replace(",1,", ",9,"))  # metadata of images that are not read again
    run(index_gallery, *model, *gallery(folder, "g.index"), "--metadata", table)
    assert "12 images, 0 of them new" in capsys.readouterr().out
    assert len(matches("g.index", "--where", "camera=9")) == 4
    assert "--shard 3/2 is no part" in refused(capsys, index_gallery, *model, *gallery(folder), "--shard", "3/2")


def test_changed_and_deleted_images_are_found_by_content(arguments, folder, capsys):
    model = arguments()
    run(index_gallery, *model, *gallery(folder))
    run(edit_index, "verify", folder / "g.index")
    assert "whole, 12 images, 0 changed since, 0 gone" in capsys.readouterr().out
    images = sorted((folder / "gallery").rglob("*.png"))
    images[0].unlink()
    images[1].write_bytes(images[2].read_bytes())
    with pytest.raises(SystemExit, match="1"):
        run(edit_index, "verify", folder / "g.index")
    out, err = capsys.readouterr()
    assert "12 images, 1 changed since, 1 gone" in out
    assert err == f"{images[0]} is gone\n{images[1]} was changed\n"
    content = (folder / "g.index").read_bytes()
    (folder / "g.index").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert "its checksum differs" in refused(capsys, edit_index, "verify", folder / "g.index")


def test_half_precision_keeps_the_nearest(tmp_path):
    """Rows in half precision take half the bytes; their scores differ by its rounding, 2^-11."""
    rows = np.random.default_rng(1).standard_normal((300, 64)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    sizes, found = {}, {}
    for kind in ("Flat", "SQfp16"):
        index = FaissIndex(tmp_path / kind, IDENTITY._replace(size=64), kind)
        index.add(rows, [str(row) for row in range(300)])
        index.finish()
        sizes[kind], found[kind] = (tmp_path / kind).stat().st_size, index.search(rows[:50], 1)
        assert np.abs(index.rows(np.arange(300)) - rows).max() < 2**-11
    assert (found["Flat"] == found["SQfp16"]).all() and sizes["SQfp16"] < 0.52 * sizes["Flat"]


@pytest.mark.parametrize(
    ("text", "value", "met"),
    [
        ("camera=03", "3", True),
        ("camera!=3", "3", False),
        ("time>=2021-05-03", "2021-10-01 07:00", True),
        ("time<2021-05-03", "2021-10-01", False),
        ("speed>9", "10", True),
        ("place = north gate", "north gate", True),
        ("camera=3", "", False),
    ],
)
def test_conditions(text, value, met):
    condition = condition_from(text)
    assert condition.met({condition.column: value}) is met
    assert not condition.met(None)


def test_a_table_that_names_none_of_the_images_is_told_with_both_sides(tmp_path):
    (tmp_path / "t.csv").write_text("path,camera\nelsewhere/a.jpg,1\n")
    said = Metadata(str(tmp_path / "t.csv")).difference([Member(str(tmp_path / "b.jpg"))])
    table, image = (str((tmp_path / name).resolve()) for name in ("elsewhere/a.jpg", "b.jpg"))
    assert said == f"{tmp_path / 't.csv'} names none of the images: it has {table}, and the index {image}"


def test_metadata_need_a_column_of_paths(tmp_path):
    (tmp_path / "t.csv").write_text("image,camera\na.jpg,1\n")
    with pytest.raises(InputError, match="has no column 'path'"):
        Metadata(str(tmp_path / "t.csv"))
    with pytest.raises(InputError, match="index again with --metadata"):
        meeting([Member("a")], ["camera=1"])


@pytest.mark.parametrize(
    ("kind", "effort", "message"),
    [
        ("FLATT", "", "--kind FLATT: Milvus's kinds are FLAT"),
        (None, "nprobe=4", "--effort nprobe: an index of kind FLAT has none"),
    ],
)
def test_kinds_and_efforts_that_milvus_does_not_have(tmp_path, kind, effort, message):
    with pytest.raises(InputError, match=message):
        MilvusIndex(f"milvus-lite://{tmp_path}/g.db/people", IDENTITY, kind, effort=effort, create=True)


def test_the_limits_of_milvus_are_named(tmp_path):
    index = MilvusIndex(f"milvus-lite://{tmp_path}/g.db/people", IDENTITY, create=True)
    with pytest.raises(InputError, match="asks for 16385 images a query, Milvus answers at most 16384"):
        index.search(VECTORS[:1], 16385)
    with pytest.raises(InputError, match="the name of aaaa.* has 5000 bytes, Milvus holds 4096"):
        index.add(VECTORS[:1], ["a" * 5000])
