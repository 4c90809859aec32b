"""What is not needed may be missing: maps of training alone when testing, anything when training begins from others."""

import json
import re

import pytest
import torch

from fastreid_mm.common.errors import InputError
from mmseg_mm.engine import read_checkpoint
from mmseg_mm.trained_model import init_rgbd_model
from tests.mmseg_mm.engine.conftest import script


@pytest.fixture
def save(trained, tmp_path):
    """Save a part of the trained network's weights."""

    def part(keep):
        content = read_checkpoint(str(trained / "epoch_2.pth"))
        content["state_dict"] = {name: weight for name, weight in content["state_dict"].items() if keep(name)}
        torch.save(content, tmp_path / "part.pth")
        return str(tmp_path / "part.pth")

    return part


@pytest.fixture
def slim(save):
    return save(lambda name: not any(part in name for part in ("modality_seg", "first_seg", "level_seg")))


def results(folder):
    return json.loads(next(folder.rglob("sod_results.json")).read_text())


def test_a_slim_checkpoint_tests_the_same(trained, config, slim, tmp_path):
    full = script("test.py", config, tmp_path / "full", str(trained / "epoch_2.pth"))
    assert results(script("test.py", config, tmp_path / "thin", slim)) == results(full)
    assert init_rgbd_model(config, slim)


def test_what_predicts_must_be_there(config, save, tmp_path):
    part = save(lambda name: "conv_seg" not in name)
    with pytest.raises(InputError, match=r"part.pth is of another model: 2 tensors missing \(decode_head.conv_seg"):
        script("test.py", config, tmp_path / "tested", part)


def test_training_begins_from_a_part_of_another_network(config, save, tmp_path):
    part = save(lambda name: name.startswith("backbone."))
    folder = script(
        "train.py",
        config,
        tmp_path / "tuned",
        load_from=part,
        **{"train_cfg.max_epochs": 1, "optim_wrapper.optimizer.lr": 0.0, "model.decode_head.detail": "none"},
    )
    log = next(folder.rglob("*.log")).read_text()
    assert re.search(
        r"part.pth: (\d+) of the model's \d+ tensors are loaded, 0 of the file are left out; nothing for decode_head",
        log,
    )
    name = "backbone.layer1.0.conv1.weight"
    found, expected = (read_checkpoint(str(path))["state_dict"][name] for path in (folder / "epoch_1.pth", part))
    assert torch.equal(found, expected)
    torch.save({"something.else": torch.zeros(1)}, part)
    with pytest.raises(InputError, match="part.pth is of another model: it has none of its tensors"):
        script("train.py", config, tmp_path / "other", load_from=part)


def test_training_goes_on_from_all_only(config, slim, tmp_path):
    with pytest.raises(InputError, match="part.pth is of another model: .* tensors missing"):
        script("train.py", config, tmp_path / "resumed", "--resume", load_from=slim)
