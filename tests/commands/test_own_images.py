"""From a folder of one's own images to a table, a trained model, a report and an index, as docs/data.md has it."""

import json
from itertools import product

import numpy as np
import pytest

from fastreid_mm.commands import (
    check_data,
    evaluate_features,
    index_gallery,
    make_table,
    search_gallery,
    train,
    visualize,
)
from tests.conftest import write_image


@pytest.fixture
def keys(tmp_path, capsys):
    """Config keys of a table of a drawn folder: 12 people, two images each of both kinds, no cameras."""

    def build(*options):
        for person, kind, number in product(range(1, 13), ("RGB", "thermal"), (1, 2)):
            write_image(tmp_path / f"images/{kind}/p{person:02d}/{number}.jpg", 100 * person + number)
        make_table.main([f"{tmp_path}/images", "--output", f"{tmp_path}/t.csv", "--test", "0.5", *options])
        assert f"{tmp_path}/t.csv: 48 images" in capsys.readouterr().out
        name = "('AlignedTable',)" if options else "('Table',)"
        sets = ["DATASETS.NAMES", name, "DATASETS.TESTS", name, "DATASETS.TABLE.FILE", f"{tmp_path}/t.csv"]
        return [*sets, "DATASETS.TABLE.RULE", "none", "SOLVER.MAX_EPOCH", "1", "SOLVER.IMS_PER_BATCH", "8"]

    return build


def test_from_a_folder_to_a_report_and_an_index(keys, tiny_config, tmp_path, capsys):
    keys, config = keys(), tiny_config("RegDB/agw.yml")
    check_data.main([config, *keys])
    assert "Table: 6 training identities, 24 training images" in capsys.readouterr().out
    train.main(["--config-file", config, "SOLVER.WARMUP_ITERS", "0", *keys])
    results = json.loads((tmp_path / "out/results.json").read_text())["Table"]
    assert [*results] == ["visible_to_infrared", "infrared_to_visible"]
    for metrics in results.values():
        assert metrics["valid_queries"] == 12 and metrics["gallery"] == "all images, rule none"
    model = ["--config-file", config, "--weights", str(tmp_path / "out/model_final.pth")]
    visualize.main([*model, "--output", str(tmp_path / "report"), "--only", "curves", *keys])
    assert "visible_to_infrared" in (tmp_path / "report/index.html").read_text()
    index = ["--index", str(tmp_path / "g.index")]
    index_gallery.main([*model, *index, "--images", str(tmp_path / "images/RGB"), "--modality", "visible", *keys])
    assert "g.index: 24 images" in capsys.readouterr().out
    search = ["--image", str(tmp_path / "images/thermal/p01/1.jpg"), "--modality", "infrared"]
    search_gallery.main([*model, *index, *search, *keys])
    assert "p01" in capsys.readouterr().out


def test_aligned_samples_of_ones_own(keys, tiny_config, tmp_path):
    more = ["DATASETS.ALIGNED.MODALITIES", "('RGB', 'THERMAL')", "SOLVER.IMS_PER_BATCH", "4"]
    train.main(["--config-file", tiny_config("RGBNT201/ieee.yml"), *keys("--aligned"), *more])
    results = json.loads((tmp_path / "out/results.json").read_text())["AlignedTable"]
    assert [*results] == ["test"] and results["test"]["valid_queries"] == 12


def test_features_are_ranked_without_cameras(tmp_path, capsys):
    features, ids = np.eye(4)[[0, 1, 2, 2]], np.array([5, 6, 7, 8])
    np.savez(tmp_path / "q.npz", features=features, ids=ids)
    np.savez(tmp_path / "g.npz", features=features, ids=ids)
    sides = ["--query", str(tmp_path / "q.npz"), "--gallery", str(tmp_path / "g.npz")]
    evaluate_features.main([*sides, "--rule", "none", "--json", str(tmp_path / "r.json"), "--ranks", "1"])
    found = json.loads((tmp_path / "r.json").read_text())["test"]
    assert found["Rank-1"] == 75 and found["mAP"] == 87.5  # 8 is found behind its equal 7
    with pytest.raises(SystemExit, match="2"):
        evaluate_features.main([*sides, "--rule", "market"])
    assert "q.npz has no cameras" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        evaluate_features.main([*sides, "--rule", "none", "--protocol", "regdb"])
