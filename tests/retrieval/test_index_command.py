"""Indexing from the command line: interrupted, repeated, with more images, with broken ones."""

import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from fastreid_mm import Predictor
from fastreid_mm.commands import index_gallery, search_gallery
from fastreid_mm.retrieval.searcher import Searcher
from tests.conftest import write_image
from tests.retrieval.command_line import gallery, refused, run


@pytest.fixture
def read(monkeypatch):
    """The names of all files that are read to be embedded."""
    names, prepare = [], Predictor.prepare

    def noted(self, image):
        names.extend([Path(image).name] if isinstance(image, str) else [])
        return prepare(self, image)

    monkeypatch.setattr(Predictor, "prepare", noted)
    return names


def test_interrupted_it_goes_on_and_reads_nothing_twice(arguments, folder, read, capsys, monkeypatch):
    model, features = arguments(), Predictor.features
    batches = []

    def interrupted(self, images, *rest):
        batches.append(len(images))
        if batches[-2:] == [5, 5]:  # in the second batch, the first of all being a picture that tells the feature size
            os.kill(os.getpid(), signal.SIGINT)
        return features(self, images, *rest)

    monkeypatch.setattr(Predictor, "features", interrupted)
    with pytest.raises(SystemExit, match="130"):
        run(index_gallery, *model, *gallery(folder))
    assert "interrupted; 10 images are kept" in capsys.readouterr().err and len(read) == 10
    assert "was not finished: repeat index_gallery" in refused(
        capsys,
        search_gallery,
        *model,
        "--index",
        folder / "g.index",
        "--images",
        folder / "query",
        "--modality",
        "visible",
    )
    run(index_gallery, *model, *gallery(folder))
    assert sorted(read) == [f"{number:02d}.png" for number in range(12)]
    for number in (12, 13):
        write_image(folder / "gallery" / f"{number}.png", number)
    run(index_gallery, *model, *gallery(folder))
    assert read[12:] == ["12.png", "13.png"] and "14 images, 2 of them new" in capsys.readouterr().out
    index = Searcher(str(folder / "g.index"), Predictor(model[1], model[3])).index
    assert len(index) == 14 and index.known() == {str(path) for path in (folder / "gallery").rglob("*.png")}


def test_what_cannot_be_read_is_listed_or_ends_it(arguments, folder, capsys):
    model = arguments()
    (folder / "gallery" / "broken.png").write_bytes(b"no image")
    assert "broken.png" in refused(capsys, index_gallery, *model, *gallery(folder), "--strict")
    run(index_gallery, *model, *gallery(folder), "DATALOADER.NUM_WORKERS", "2")
    out, err = capsys.readouterr()
    assert "12 images" in out and "1 could not be read" in out and err.count("left out: cannot read image") == 1


def rows(folder):
    return json.loads((folder / "g.index.json").read_text())["names"]


def found(folder, model, query, *options):
    asked = ["--images", query, "--modality", "visible", "--index", folder / "g.index", "--json", folder / "f.json"]
    run(search_gallery, *model, *asked, *options)
    matches = json.loads((folder / "f.json").read_text())[0]["matches"]
    return {match["path"]: match["score"] for match in matches}


def test_one_gallery_under_other_names_replaced_and_deleted_files(arguments, folder, capsys, monkeypatch):
    model = arguments()
    monkeypatch.chdir(folder)
    (folder / "link").symlink_to("gallery")
    indexed = ["--modality", "visible", "--index", "g.index", "--images"]
    run(index_gallery, *model, *indexed, "gallery")
    run(index_gallery, *model, *indexed, folder / "link")
    assert "12 images, 0 of them new" in capsys.readouterr().out and len(rows(folder)) == 12
    changed = Path("gallery/0/00.png")
    shutil.copy("gallery/1/07.png", changed)
    assert found(folder, model, changed)[str(changed)] < 0.999
    assert "1 of the images found are not what was indexed, the first: gallery/0/00.png was changed" in (
        capsys.readouterr().err
    )
    run(index_gallery, *model, *indexed, folder / "gallery")
    assert "12 images, 0 of them new, 0 could not be read, 1 replaced" in capsys.readouterr().out
    assert found(folder, model, changed)[str(changed)] == pytest.approx(1, abs=1e-4)
    assert not capsys.readouterr().err

    shutil.copy(changed, "query.png")
    changed.unlink()
    found(folder, model, "query.png", "--picture", "f.png")
    assert "gallery/0/00.png is gone; repeat index_gallery, with --prune" in capsys.readouterr().err
    assert (folder / "f.png").is_file()
    run(index_gallery, *model, *indexed, "gallery")
    assert "1 images of the index are gone, the first: gallery/0/00.png; --prune" in capsys.readouterr().err
    run(index_gallery, *model, *indexed, "gallery", "--prune")
    assert "11 images, 0 of them new, 0 could not be read, 1 dropped that are gone" in capsys.readouterr().out
    assert str(changed) not in rows(folder) and len(rows(folder)) == 11


@pytest.mark.parametrize("index", ["g.index", "milvus-lite://{}/g.db/people"])
def test_names_of_any_encoding_and_features_that_are_not_finite(arguments, folder, capsys, monkeypatch, index):
    model, index = arguments(), index.format(folder)
    monkeypatch.chdir(folder)
    name = os.fsdecode("行人\n.png".encode("gbk"))
    os.rename(folder / "gallery" / "0" / "00.png", folder / "gallery" / "0" / name)
    (folder / "gallery" / "notes.txt").write_text("")
    features, calls = Predictor.features, []

    def one_is_infinite(self, images, *rest):
        calls.append(len(images))
        found = features(self, images, *rest)
        if len(calls) == 2:
            found[2, 3] = float("nan")
        return found

    monkeypatch.setattr(Predictor, "features", one_is_infinite)
    run(index_gallery, *model, "--images", "gallery", "--modality", "visible", "--index", index)
    out, err = capsys.readouterr()
    assert "11 images, 11 of them new, 0 could not be read, 1 with features that are not finite" in out
    assert "left out: the feature of gallery/1/10.png has numbers" in err
    assert "left out 1, the first: gallery/notes.txt" in err
    asked = ["--images", folder / "query", "--modality", "visible", "--index", index, "--json", "f.json", "--top", "20"]
    run(search_gallery, *model, *asked)
    out = capsys.readouterr().out
    assert (
        "\\udcd0\\udcd0\\udcc8\\udccb\\n.png" in out and len(out.splitlines()) == 3 * 12 + 1
    )  # the last says what was searched
    answers = json.loads((folder / "f.json").read_text())
    names = {match["path"] for match in answers[0]["matches"]}
    assert f"gallery/0/{name}" in names and "gallery/1/10.png" not in names and len(names) == 11
