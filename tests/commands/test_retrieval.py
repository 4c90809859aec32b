"""Features, indexes and searches from the command line, of networks with random weights."""

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from fastreid.modeling import build_model
from PIL import Image

import fastreid_mm.retrieval.embed as embed
from fastreid_mm import Predictor
from fastreid_mm.commands import extract_features, index_gallery, search_gallery
from fastreid_mm.engine.checkpoint import SafeCheckpointer
from tests.conftest import write_image


@pytest.fixture
def folder(tmp_path):
    """A folder of 12 images in folders, and one of 3 queries, which are of the first of them."""
    for number in range(12):
        write_image(tmp_path / "gallery" / f"{number % 3}" / f"{number:02d}.png", number)
    for number in range(3):
        write_image(tmp_path / "query" / f"{number}.jpg", number)
    return tmp_path


@pytest.fixture
def arguments(tiny_cfg, tiny_config, tmp_path):
    """Makes a config and a checkpoint, and the arguments that every command takes."""

    def make(base="SYSU/cmtr.yml", seed=0):
        torch.manual_seed(seed)
        model = build_model(tiny_cfg("MODEL.HEADS.NUM_CLASSES", 6, base=base))
        SafeCheckpointer(model, str(tmp_path)).save(f"model{seed}", num_classes=6)
        weights = str(tmp_path / f"model{seed}.pth")
        return ["--config-file", tiny_config(base), "--weights", weights, "--batch-size", "5"]

    return make


def run(command, *arguments):
    command.main([str(argument) for argument in arguments])


def gallery(folder, index="g.index"):
    return ["--images", folder / "gallery", "--modality", "visible", "--index", folder / index]


def search(folder, model, *options, index="g.index"):
    """What a search answers, after a look at its form."""
    asked = ["--images", folder / "query", "--modality", "infrared", "--index", folder / index]
    run(search_gallery, *model, *asked, "--json", folder / "found.json", *options)
    answers = json.loads((folder / "found.json").read_text())
    assert [answer["query"] for answer in answers] == sorted(map(str, (folder / "query").iterdir()))
    for answer in answers:
        scores = [match["score"] for match in answer["matches"]]
        assert scores == sorted(scores, reverse=True) and all(
            set(each) == {"path", "score"} for each in answer["matches"]
        )
    return answers


@pytest.fixture
def read(monkeypatch):
    """The names of all files that are read to be embedded."""
    names, reading = [], embed.read_rgb
    monkeypatch.setattr(embed, "read_rgb", lambda path: names.append(Path(path).name) or reading(path))
    return names


def refused(capsys, command, *arguments):
    """The one line of a command that refuses its arguments."""
    capsys.readouterr()
    with pytest.raises(SystemExit, match="2"):
        run(command, *arguments)
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1
    return error


def test_features_in_the_order_of_the_paths(arguments, folder, capsys):
    model = arguments()
    run(extract_features, *model, "--images", folder / "gallery", "--modality", "visible", "--output", folder / "f.npz")
    with np.load(folder / "f.npz") as saved:
        features, paths = saved["features"], saved["paths"].tolist()
    assert paths == sorted(map(str, (folder / "gallery").rglob("*.png"))) and len(paths) == 12
    expected = Predictor(model[1], model[3]).features(paths, "visible")
    np.testing.assert_allclose(features, expected, rtol=1e-4, atol=1e-5)
    (folder / "gallery" / "a.png").write_bytes(b"no image")
    (folder / "gallery" / "b.jpg").write_bytes(b"none either")
    error = refused(
        capsys,
        extract_features,
        *model,
        "--images",
        folder / "gallery",
        "--modality",
        "visible",
        "--output",
        folder / "g",
    )
    assert "a.png" in error and "b.jpg" in error and not (folder / "g").exists()
    skip = ["--skip-unreadable", "--output", folder / "g.npz"]
    run(extract_features, *model, "--images", folder / "gallery", "--modality", "visible", *skip)
    assert np.load(folder / "g.npz")["paths"].tolist() == paths and "left out: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("base", "metric"), [("SYSU/cmtr.yml", "cosine"), ("SYSU/cmt.yml", "cosine"), ("SYSU/cmt.yml", "euclidean")]
)
def test_a_search_ranks_and_scores_as_the_model_does(arguments, folder, base, metric, capsys):
    model, options = arguments(base), ["TEST.METRIC", metric]
    run(index_gallery, *model, *gallery(folder), *options)
    answers = search(folder, model, "--top", 5, "--recall", "--picture", folder / "found.png", *options)
    assert "100.00% of the 5 nearest" in capsys.readouterr().out
    assert Image.open(folder / "found.png").size == (6 * 134 + 18, 3 * 148 + 6)
    predictor = Predictor(model[1], model[3], options)
    paths = sorted(map(str, (folder / "gallery").rglob("*.png")))
    query = predictor.features([answer["query"] for answer in answers], "infrared")
    distance = predictor.distance(query, predictor.features(paths, "visible")).numpy()
    for row, answer in zip(distance, answers):
        order = row.argsort()[:5]
        assert [match["path"] for match in answer["matches"]] == [paths[place] for place in order]
        scores = 1 - row[order] if metric == "cosine" else -row[order]
        np.testing.assert_allclose([match["score"] for match in answer["matches"]], scores, atol=1e-4)


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
    assert {m["path"] for m in search(folder, model, "--top", 99)[0]["matches"]} == {
        str(path) for path in (folder / "gallery").rglob("*.png")
    }


def test_what_cannot_be_read_is_listed_or_ends_it(arguments, folder, capsys):
    model = arguments()
    (folder / "gallery" / "broken.png").write_bytes(b"no image")
    assert "broken.png" in refused(capsys, index_gallery, *model, *gallery(folder), "--strict")
    run(index_gallery, *model, *gallery(folder))
    out, err = capsys.readouterr()
    assert "12 images" in out and "1 could not be read" in out and err.count("left out: cannot read image") == 1


def test_another_model_or_a_truncated_index_is_refused(arguments, folder, capsys):
    model, other = arguments(), arguments(seed=1)
    run(index_gallery, *model, *gallery(folder))
    asked = ["--index", folder / "g.index", "--images", folder / "query", "--modality", "infrared"]
    assert "g.index is of another model: it was made with other weights" in refused(
        capsys, search_gallery, *other, *asked
    )
    assert "another config" in refused(capsys, search_gallery, *model, *asked, "TEST.FLIP.ENABLED", "True")
    os.truncate(folder / "g.index", 200)
    for command, options in ((search_gallery, asked), (index_gallery, gallery(folder))):
        assert "g.index is truncated" in refused(capsys, command, *model, *options)
    assert "there is no index" in refused(capsys, search_gallery, *model, *asked[2:], "--index", folder / "none")


def test_aligned_samples_may_lack_modalities(arguments, folder, capsys):
    model = arguments("RGBNT201/ieee.yml")
    for number, name in enumerate(("RGB", "NI", "TI")):
        for sample in range(5):
            write_image(folder / "aligned" / name / f"{sample}.png", 10 * number + sample)
    (folder / "aligned" / "RGB" / "3.png").unlink()
    asked = ["--images", folder / "aligned", "--index", folder / "a.index"]
    run(index_gallery, *model, *asked)
    run(search_gallery, *model, *asked, "--top", 2, "--json", folder / "found.json", "--recall")
    answers = json.loads((folder / "found.json").read_text())
    queries = [str(folder / "aligned" / ("NI" if sample == 3 else "RGB") / f"{sample}.png") for sample in range(5)]
    assert [answer["query"] for answer in answers] == sorted(queries)
    assert all(answer["matches"][0]["path"] == answer["query"] for answer in answers)  # itself
    assert "distance of its own" in refused(capsys, index_gallery, *model, *asked, "--kind", "HNSW8")
    assert "leave --modality out" in refused(capsys, index_gallery, *model, *asked, "--modality", "visible")
