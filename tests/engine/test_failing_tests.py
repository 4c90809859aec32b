"""A test that fails costs nothing: what can be seen before training is said then, and a checkpoint comes before."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image

from fastreid_mm.commands import run as command
from fastreid_mm.commands.train_arguments import argument_parser
from fastreid_mm.common.errors import InputError
from fastreid_mm.engine import MMTrainer
from fastreid_mm.inference.testing import evaluate_only

OPTIONS = ("SOLVER.IMS_PER_BATCH", 8, "SOLVER.MAX_EPOCH", 3, "SOLVER.CHECKPOINT_PERIOD", -1)


@pytest.fixture
def made(monkeypatch, sysu_datasets):
    """Tests whose result is the sum of the weights, one of which fails if its number is asked for."""
    seen = []

    def test(cls, cfg, model, notes=None, scores=None):
        seen.append(float(sum(value.sum() for value in model.state_dict().values() if value.is_floating_point())))
        if len(seen) == test.fails:
            raise InputError("no room for a picture")
        return {"SYSUMM01": {"all": {"mAP": seen[-1]}}}

    test.fails = 0
    monkeypatch.setattr(MMTrainer, "test", classmethod(test))
    monkeypatch.setattr(MMTrainer, "check_test_sets", classmethod(lambda *_: {}))

    def fail_at(number):
        seen.clear()
        test.fails = number

    return seen, fail_at


def logged_tests(folder):
    lines = map(json.loads, (Path(folder) / "metrics.json").read_text().splitlines())
    return {line["iteration"]: line["SYSUMM01/all/mAP"] for line in lines if "SYSUMM01/all/mAP" in line}


def build(cfg):
    """A trainer of epochs of one iteration."""
    trainer = MMTrainer(cfg)
    trainer.iters_per_epoch, trainer.max_iter = 1, trainer.max_epoch
    return trainer


def weights(trainer):
    return [value.clone() for value in trainer.model.state_dict().values()]


@pytest.mark.parametrize("period, number", [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (0, 1)])
def test_a_run_that_failed_in_a_test_goes_on_with_it_as_if_it_had_not(tiny_cfg, made, period, number):
    seen, fail_at = made
    options = (*OPTIONS, "TEST.EVAL_PERIOD", period)
    whole = build(tiny_cfg(*options, output="whole"))
    results, expected = whole.train(), [*seen]
    fail_at(number)
    cut = build(tiny_cfg(*options, output="cut"))
    with pytest.raises(InputError, match="no room"):
        cut.train()
    assert seen == expected[:number]
    fail_at(0)
    resumed = build(tiny_cfg(*options, output="cut"))
    resumed.resume_or_load(resume=True)
    assert resumed.start_iter == cut.iter == resumed.start_epoch * resumed.iters_per_epoch
    assert resumed.train() == results and seen == expected[number - 1 :]
    assert all(torch.equal(one, other) for one, other in zip(weights(resumed), weights(whole)))
    assert logged_tests(resumed.cfg.OUTPUT_DIR) == logged_tests(whole.cfg.OUTPUT_DIR)


def test_a_test_that_was_made_is_not_made_again(tiny_cfg, made):
    seen, _ = made
    first = build(tiny_cfg(*OPTIONS, "SOLVER.MAX_EPOCH", 1, "TEST.EVAL_PERIOD", 1))
    first.train()
    seen.clear()
    longer = build(tiny_cfg(*OPTIONS, "SOLVER.MAX_EPOCH", 2, "TEST.EVAL_PERIOD", 1))
    longer.resume_or_load(resume=True)
    longer.train()
    assert len(seen) == 1 and len(logged_tests(longer.cfg.OUTPUT_DIR)) == 2


def test_checkpoints_before_tests_alone_are_pruned(tiny_cfg, made, tmp_path):
    build(tiny_cfg(*OPTIONS, "SOLVER.MAX_EPOCH", 5, "TEST.EVAL_PERIOD", 1)).train()
    names = {path.name for path in (tmp_path / "out").glob("model_*.pth")}
    assert len(names) == 3 and "model_final.pth" in names


@pytest.fixture
def damaged(monkeypatch, tmp_path):
    """Copies a set, damages a file in it, and has it found."""

    def damage(root, name, content=b""):
        shutil.copytree(root, tmp_path / "data")
        path = next((tmp_path / "data").glob(name))
        path.write_bytes(content)
        monkeypatch.setenv("FASTREID_DATASETS", str(tmp_path / "data"))
        return str(path)

    return damage


@pytest.mark.parametrize(
    "base, root, name",
    [
        ("RegDB/agw.yml", "regdb_root", "RegDB/Thermal/40/1.bmp"),
        ("SYSU/agw.yml", "sysu_root", "SYSU-MM01/cam3/0010/0001.jpg"),
        ("SYSU/agw.yml", "sysu_root", "SYSU-MM01/cam1/0001/0001.jpg"),
        ("LLCM/agw.yml", "llcm_root", "LLCM/test_vis/*/0008/1.jpg"),
        ("RGBNT201/ieee.yml", "rgbnt201_root", "RGBNT201/test/TI/000007_cam1_0_00.jpg"),
    ],
)
def test_a_broken_image_is_named_before_training(tiny_cfg, damaged, request, base, root, name):
    path = damaged(request.getfixturevalue(root), name)
    with pytest.raises(InputError, match=f"{path} is not a readable image: the file is empty$"):
        MMTrainer(tiny_cfg(base=base))


@pytest.mark.parametrize(("base", "root"), [("RegDB/agw.yml", "regdb_root"), ("RGBNT201/ieee.yml", "rgbnt201_root")])
def test_an_image_of_too_many_pixels_is_named_before_training(tiny_cfg, damaged, request, base, root):
    name = {"regdb_root": "RegDB/Thermal/40/1.bmp", "rgbnt201_root": "RGBNT201/test/TI/000007_cam1_0_00.jpg"}[root]
    path = damaged(request.getfixturevalue(root), name)
    Image.new("L", (60, 60)).save(path)
    said = f"image {path} has 60 x 60 pixels, more than INPUT.MAX_PIXELS 3000 allows$"
    with pytest.raises(InputError, match=said):
        MMTrainer(tiny_cfg("INPUT.MAX_PIXELS", 3000, base=base))


def test_a_broken_test_image_is_named_by_a_dry_run_and_a_test_alone(tiny_config, tiny_cfg, damaged, regdb_root):
    path = damaged(regdb_root, "RegDB/Visible/40/2.bmp", b"BM" + bytes(50))
    with pytest.raises(InputError, match=f"{path} is not a readable image: "):
        command.start(argument_parser().parse_args(["--config-file", tiny_config("RegDB/agw.yml"), "--dry-run"]))
    with pytest.raises(InputError, match=f"{path} is not a readable image: "):
        evaluate_only(tiny_cfg(base="RegDB/agw.yml"))
