import argparse
import json
import random

import numpy as np
import pytest
import torch

from fastreid_mm.commands.train_arguments import argument_parser
from fastreid_mm.common.errors import InputError
from fastreid_mm.engine.setup import seed_everything, set_deterministic, settle, setup
from fastreid_mm.settings.load import load_config


def draw():
    return random.random(), np.random.rand(), torch.rand(1).item()


def test_everything_random_follows_from_the_seed_and_its_parts():
    drawn = []
    for words in ((1, 0, 0), (1, 0, 0), (1, 0, 1), (1, 1, 0), (2, 0, 0)):
        seed_everything(*words)
        drawn.append(draw())
    assert drawn[0] == drawn[1] and len(set(drawn)) == 4
    assert all(len(set(column)) == 4 for column in zip(*drawn))


def test_deterministic_switch():
    set_deterministic(True)
    assert torch.are_deterministic_algorithms_enabled()
    set_deterministic(False)
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.fixture
def arguments(tiny_config):
    def make(*options, **flags) -> argparse.Namespace:
        args = argument_parser().parse_args(["--config-file", tiny_config(), *map(str, options)])
        for name, value in flags.items():
            setattr(args, name, value)
        return args

    return make


@pytest.mark.parametrize(
    "text, reason",
    [
        ("", "empty or no mapping"),
        ("- 1\n- 2", "empty or no mapping"),
        ("_BASE_: 3", "empty or no mapping"),
        ("_BASE_: odd.yml", "_BASE_ leads back to itself"),
    ],
)
def test_a_file_that_is_no_config_is_refused_by_its_path(tmp_path, text, reason):
    path = tmp_path / "odd.yml"
    path.write_text(text)
    with pytest.raises(InputError, match=f"^config {path}: it.*{reason}.*$"):
        load_config(str(path), [])


CODE = "__import__('pathlib').Path({!r}).touch()"


@pytest.mark.parametrize("tag", ["!!python/object/apply:eval", "!!python/object/new:eval", "!!python/object:os.system"])
@pytest.mark.parametrize("place", ["file", "base"])
def test_no_tag_of_a_config_runs_code(tmp_path, tag, place):
    ran, path, odd = tmp_path / "ran", tmp_path / "mine.yml", tmp_path / "odd.yml"
    odd.write_text(f"OUTPUT_DIR: {tag} [{json.dumps(CODE.format(str(ran)))}]\n")
    path.write_text("_BASE_: odd.yml\n" if place == "base" else odd.read_text())
    with pytest.raises(InputError, match=rf"^config {path}: could not determine a constructor.*$"):
        load_config(str(path), [])
    path.write_text(f"OUTPUT_DIR: {json.dumps(CODE.format(str(ran)))}\n")
    assert load_config(str(path), ["MODEL.WEIGHTS", CODE.format(str(ran))]).OUTPUT_DIR.startswith("__import__")
    assert not ran.exists()


def test_references_that_unfold_to_more_than_memory_holds_are_refused(tmp_path):
    path = tmp_path / "bomb.yml"
    names = [f"N{index}" for index in range(9)]
    rows = [
        f"{name}: &{name} {{{', '.join(f'k{key}: *{before}' for key in range(9))}}}"
        for before, name in zip(names, names[1:])
    ]
    path.write_text("\n".join([f"{names[0]}: &{names[0]} {{x: 1}}", *rows]))
    with pytest.raises(InputError, match=f"^config {path}: its references unfold to more than 100000 entries$"):
        load_config(str(path), [])
    path.write_text("SOLVER: " + "{a: " * 2000 + "1" + "}" * 2000)
    with pytest.raises(InputError, match=f"^config {path}: .*nested too deep$"):
        load_config(str(path), [])
    with pytest.raises(InputError, match="nested too deep"):
        load_config("", ["SOLVER.BASE_LR", "-" * 5000 + "1"])


def test_a_seed_is_drawn_and_a_given_one_stays(tiny_cfg):
    cfg = tiny_cfg("SEED", -1)
    drawn = [settle(cfg) for _ in range(2)]
    assert cfg.SEED == -1 and drawn[0].SEED != drawn[1].SEED and min(found.SEED for found in drawn) >= 0
    assert settle(tiny_cfg("SEED", 2**40)).SEED == 2**40


@pytest.mark.parametrize(
    "key, value",
    [
        ("MODEL.DEVICE", "gpu0"),
        ("MODEL.META_ARCHITECTURE", "CTMR"),
        ("MODEL.BACKBONE.NAME", "resnet50"),
        ("SOLVER.OPT", "adam"),
        ("SOLVER.SCHED", "StepLR"),
        ("SOLVER.BASE_LR", "-0.1"),
        ("SOLVER.BASE_LR", "1e999"),
        ("MODEL.LOSSES.MODALITY_AWARE_CENTER.SCALE", "1e999"),
        ("MODEL.LOSSES.HETERO_CENTER_TRIPLET.MARGIN", "None"),
        ("MODEL.FREEZE_LAYERS", "['backbone', '(']"),
        ("SOLVER.IMS_PER_BATCH", "0"),
        ("DATALOADER.NUM_INSTANCE", "0"),
        ("INPUT.SIZE_TRAIN", "[0, 32]"),
        ("INPUT.SIZE_TEST", "[32]"),
        ("MODEL.PIXEL_STD", "[1.0, 0.0, 1.0]"),
        ("INPUT.REA.VALUE", "[1.0, 2.0]"),
        ("INPUT.REA.PROB", "7.0"),
        ("INPUT.CROP.RATIO", "[]"),
        ("INPUT.RANGE_16BIT", "(9, 9)"),
        ("INPUT.RANGE_16BIT", "('a', 'b')"),
        ("INPUT.RANGE_16BIT", "(0, 1e999)"),
        ("INPUT.RANGE_16BIT_OF", "camera"),
        ("INPUT.PERCENTILES_16BIT", "(5.0, 101.0)"),
        ("INPUT.PERCENTILES_16BIT", "(5.0, 5.0)"),
        ("INPUT.MAX_PIXELS", "0"),
        ("SOLVER.WARMUP_METHOD", "another"),
        ("SOLVER.STEPS", "['a']"),
        ("TEST.RANKS", "('a',)"),
        ("MODEL.DEVICE", "None"),
        ("MODEL.DEVICE", "meta"),
    ],
)
def test_a_value_that_nothing_can_use_is_refused_with_its_key(tiny_cfg, key, value):
    with pytest.raises(InputError, match=f"{key} .* is not"):
        settle(tiny_cfg(key, value))
    settle(tiny_cfg("MODEL.HEADS.POOL_EXPONENT", "1e999", "TEST.EVAL_PERIOD", -1))


def test_a_folder_that_cannot_be_made_is_refused(arguments, tiny_cfg):
    option = ("OUTPUT_DIR", "/dev/null/x")
    for call in (lambda: setup(arguments(*option)), lambda: settle(tiny_cfg(*option))):
        with pytest.raises(InputError, match="OUTPUT_DIR '/dev/null/x' cannot be made: Not a directory"):
            call()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_the_device_is_the_cpu(tiny_cfg):
    assert settle(tiny_cfg("MODEL.DEVICE", "cuda")).MODEL.DEVICE == "cpu"


def test_testing_does_not_load_pretrained_weights(arguments):
    assert setup(arguments("MODEL.BACKBONE.PRETRAIN", True, eval_only=True)).MODEL.BACKBONE.PRETRAIN is False
