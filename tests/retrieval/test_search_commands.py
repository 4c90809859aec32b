"""Features and searches from the command line."""

import json
import os

import numpy as np
import pytest
from PIL import Image

from fastreid_mm import Predictor
from fastreid_mm.commands import extract_features, index_gallery, search_gallery
from tests.conftest import write_image
from tests.retrieval.command_line import gallery, refused, run


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
        "--strict",
        "--images",
        folder / "gallery",
        "--modality",
        "visible",
        "--output",
        folder / "g",
    )
    assert "a.png" in error and "b.jpg" in error and not (folder / "g").exists()
    skip = ["--output", folder / "g.npz", "--amp"]
    model = ["--config", model[1], "--checkpoint", model[3]]  # as other commands spell them
    run(extract_features, *model, "--images", folder / "gallery", "--modality", "visible", *skip)
    assert np.load(folder / "g.npz")["paths"].tolist() == paths and "left out: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("base", "metric"), [("SYSU/cmtr.yml", "cosine"), ("SYSU/cmt.yml", "cosine"), ("SYSU/cmt.yml", "euclidean")]
)
def test_a_search_ranks_and_scores_as_the_model_does(arguments, folder, base, metric, capsys):
    model, options = arguments(base), ["TEST.METRIC", metric]
    run(index_gallery, *model, *gallery(folder), *options)
    asked = ["--images", folder / "query", "--modality", "infrared", "--index", folder / "g.index", "--top", 5]
    asked += ["--json", folder / "found.json", "--picture", folder / "found.png", "--recall"]
    run(search_gallery, *model, *asked, *options)
    answers = json.loads((folder / "found.json").read_text())
    assert [answer["query"] for answer in answers] == sorted(map(str, (folder / "query").iterdir()))
    printed = capsys.readouterr().out
    assert "100.00% of the 5 nearest" in printed
    assert printed.splitlines()[-1].endswith(f"saved in {folder / 'found.json'} and {folder / 'found.png'}")
    assert Image.open(folder / "found.png").size > (6 * 64, 3 * 128)
    predictor = Predictor(model[1], model[3], options)
    paths = sorted(map(str, (folder / "gallery").rglob("*.png")))
    query = predictor.features([answer["query"] for answer in answers], "infrared")
    distance = predictor.distance(query, predictor.features(paths, "visible")).numpy()
    for row, answer in zip(distance, answers):
        order = row.argsort()[:5]
        assert [match["path"] for match in answer["matches"]] == [paths[place] for place in order]
        scores = 1 - row[order] if metric == "cosine" else -row[order]
        found = [match["score"] for match in answer["matches"]]
        np.testing.assert_allclose(found, scores, atol=1e-4)
        assert found == sorted(found, reverse=True) and all(
            set(match) == {"path", "score"} for match in answer["matches"]
        )


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
    images = ["--images", folder / "aligned"]
    asked = [*images, "--index", folder / "a.index"]
    run(index_gallery, *model, *asked)
    run(search_gallery, *model, *asked, "--top", 2, "--json", folder / "found.json", "--recall")
    answers = json.loads((folder / "found.json").read_text())
    queries = [str(folder / "aligned" / ("NI" if sample == 3 else "RGB") / f"{sample}.png") for sample in range(5)]
    assert [answer["query"] for answer in answers] == sorted(queries)
    assert all(answer["matches"][0]["path"] == answer["query"] for answer in answers)  # itself
    assert "distance of its own" in refused(
        capsys, index_gallery, *model, *images, "--index", folder / "b.index", "--kind", "HNSW8"
    )
    assert "leave --modality out" in refused(capsys, index_gallery, *model, *asked, "--modality", "visible")
