"""Indexing from the command line: interrupted, repeated, with more images, with broken ones."""

import os
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
