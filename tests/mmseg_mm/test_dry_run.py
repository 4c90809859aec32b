"""Before a saliency training and at its end: a dry run, references, and results that it must reach."""

import json

import numpy as np
import pytest

from fastreid_mm.commands.saliency import train
from fastreid_mm.common.errors import InputError
from fastreid_mm.common.expected_results import require_reached
from fastreid_mm.saliency.references import mean_mask, reference_scores
from fastreid_mm.saliency.saliency_scores import summarise
from fastreid_mm.saliency.write_image import write_image
from mmseg_mm.evaluation.sod_metric import EXPECTED, SODMetric
from tests.mmseg_mm.engine.conftest import config, scenes, script  # noqa: F401


def test_a_dry_run_says_what_a_training_takes_and_saves_nothing(config, tmp_path, monkeypatch, capsys):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    train([config, "--dry-run", "--cfg-options", "experiment_name=dry", "visualizer.name=dry"])
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Dry run")]
    assert "2 iterations of" in line and "for all 2;" in line and line.endswith("Nothing is saved")
    assert not [*tmp_path.iterdir()]


def test_references_are_measured_before_training(config, tmp_path):  # noqa: F811
    folder = tmp_path / "referred"
    script(
        "train.py",
        config,
        folder,
        **{"custom_hooks.5.enabled": True, "train_cfg.max_epochs": 1, "train_cfg.val_interval": 1},
    )
    found = json.loads((folder / "sod_references.json").read_text())
    assert list(found) == ["untrained", "all black", "mean of the masks"]
    (trained,) = [json.loads(path.read_text()) for path in folder.glob("*/sod_results.json")]
    assert all(sets.keys() == trained.keys() for sets in found.values())
    assert found["untrained"] != trained
    (log,) = [path.read_text() for path in folder.glob("*/*.log")]
    assert "toy, all black" in log and "toy, trained" in log


def test_references_against_closed_forms(tmp_path):
    masks = [np.zeros((32, 32), np.uint8) for _ in range(2)]
    masks[0][:, :16] = masks[1][:16] = 255
    paths = [str(tmp_path / f"{number}.png") for number in range(2)]
    for path, mask in zip(paths, masks):
        write_image(path, mask)
    mean = mean_mask(paths)
    assert [mean[0, 0], mean[-1, 0], mean[0, -1], mean[-1, -1]] == [1, 0.5, 0.5, 0]
    rows = {name: summarise(scores) for name, scores in reference_scores(paths).items()}
    assert rows["all black"]["MAE"] == pytest.approx(0.5)
    assert rows["mean of the masks"]["MAE"] == pytest.approx(0.25, abs=0.01)


def test_results_that_are_missed_are_named():
    rows = {"LFSD": {"Sm": 0.8712, "MAE": 0.06}}
    require_reached(EXPECTED, [["LFSD", "Sm", 0.87, 0.002], ["LFSD", "MAE", 0.06, 0]], rows, 4)
    with pytest.raises(InputError, match="LFSD Sm is 0.8712, not within 0.001 of 0.87; SIP Sm is not among"):
        require_reached(EXPECTED, [["LFSD", "Sm", 0.87, 0.001], ["SIP", "Sm", 1, 1]], rows, 4)
    for wrong in (["LFSD", "Sm", "0.8", 1], ["LFSD", 0.8, 1], "LFSD"):
        with pytest.raises(InputError, match="is not .data set, metric, value, tolerance"):
            SODMetric(expected=[wrong])
