"""``fastreid-mm-test``."""

import json

import pytest
import torch

from fastreid_mm.commands import train
from fastreid_mm.engine import MMTrainer


def test_a_model_is_tested_and_nothing_is_trained(tiny_cfg, tiny_config, sysu_datasets, tmp_path):
    cfg = tiny_cfg("MODEL.HEADS.NUM_CLASSES", 6)
    torch.save({"model": MMTrainer.build_model(cfg).state_dict()}, tmp_path / "model.pth")
    train.test(["--config-file", tiny_config(), "--weights", str(tmp_path / "model.pth")])
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert 0 < results["SYSUMM01"]["all_search_1shot"]["mAP"] <= 100
    assert not list((tmp_path / "out").glob("*.pth"))


def test_without_weights_there_is_nothing_to_test(tiny_config, capsys, tmp_path):
    with pytest.raises(SystemExit, match="2"):
        train.test(["--config-file", tiny_config()])
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1 and "MODEL.WEIGHTS" in error
    assert not (tmp_path / "out").exists()
