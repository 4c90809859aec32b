"""Every network computes nearly the same in other precisions and memory formats, and the fastest one is taken."""

import copy
import logging

import pytest
import torch
from fastreid.modeling import build_model
from torch import nn

import fastreid_mm.methods  # noqa: F401  registers
from fastreid_mm.common.batch_layout import move_batch
from fastreid_mm.common.errors import InputError
from fastreid_mm.common.measure_speed import Measured
from fastreid_mm.modeling import numerics
from fastreid_mm.modeling.numerics import PLAIN, Numerics, part_of, require_one_process, warn_if_slower
from fastreid_mm.modeling.tested_network import TestedNetwork, features_both_ways
from tests.modeling.test_architectures import ARCHITECTURES, batch_of


@pytest.fixture
def model_and_batch(tiny_cfg):
    def build(base="SYSU/agw.yml", *options):
        torch.manual_seed(0)
        cfg = tiny_cfg("MODEL.HEADS.NUM_CLASSES", 5, *options, base=base)
        return build_model(cfg).eval(), move_batch(batch_of(cfg), "cpu"), cfg

    return build


@pytest.fixture(autouse=True)
def _log(caplog):
    """The host's logger keeps its messages to itself."""
    numerics.logger.addHandler(caplog.handler)
    caplog.set_level(logging.INFO, numerics.logger.name)
    yield
    numerics.logger.removeHandler(caplog.handler)


@pytest.fixture
def speeds(monkeypatch):
    """Speeds that are said instead of measured; every function is called once with two samples."""
    said = {}

    def measure(calls, most):
        for call in calls.values():
            call(min(2, most))
        return Measured({way: said.get(str(way), 1.0) for way in calls}, 2)

    monkeypatch.setattr(numerics, "measure_speeds", measure)
    return said


@pytest.mark.parametrize("base", ARCHITECTURES.values(), ids=ARCHITECTURES)
@pytest.mark.parametrize("keys, close", [(("float32", "always"), 1e-4), (("bfloat16", "never"), 0.1)])
@torch.no_grad()
def test_features_of_every_method_are_nearly_the_same(model_and_batch, speeds, base, keys, close):
    model, batch, cfg = model_and_batch(base, "TEST.FLIP.ENABLED", True)
    expected = TestedNetwork(model, cfg)(batch)
    assert torch.equal(expected, features_both_ways(model, batch, True))
    cfg.merge_from_list(["TEST.AMP", keys[0], "TEST.CHANNELS_LAST", keys[1]])
    tested = TestedNetwork(model, cfg)
    found = tested(batch)
    assert found.dtype == torch.float32 and (keys[0] == "float32" or not torch.equal(found, expected))
    assert (found - expected).norm() < close * expected.norm()
    assert tested.note == {"precision": "float32 channels-last" if keys[1] == "always" else "bfloat16"}


@pytest.mark.parametrize(
    "keys, fastest, note",
    [
        (("auto", "auto"), "float32", {}),
        (("auto", "auto"), "bfloat16 channels-last", {"precision": "bfloat16 channels-last"}),
        (("auto", "auto"), "float32 channels-last", {"precision": "float32 channels-last"}),
        (("auto", "never"), "bfloat16 channels-last", {}),
        (("auto", "always"), "bfloat16 channels-last", {"precision": "bfloat16 channels-last"}),
        (("float16", "auto"), "float16", {"precision": "float16"}),
    ],
)
@torch.no_grad()
def test_the_fastest_of_what_the_keys_allow_is_taken_and_told(model_and_batch, speeds, keys, fastest, note, caplog):
    speeds[fastest] = 2.5
    model, batch, cfg = model_and_batch("SYSU/agw.yml", "TEST.AMP", keys[0], "TEST.CHANNELS_LAST", keys[1])
    state = copy.deepcopy(model.state_dict())
    tested = TestedNetwork(model, cfg)
    tested(batch)
    tested(batch)
    assert tested.note == note
    (line,) = {line for line in caplog.messages if "computed" in line}
    assert f"computed in {note.get('precision', 'float32')}, {2.5 if note else 1:.2f} times as fast as float32" in line
    assert all(value.is_contiguous() for value in model.parameters())  # the network itself stays as it was
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())


@torch.no_grad()
def test_a_choice_by_name_that_is_slower_is_warned_of(model_and_batch, speeds, caplog):
    speeds["bfloat16"] = 0.4
    model, batch, cfg = model_and_batch("SYSU/agw.yml", "TEST.AMP", "bfloat16")
    TestedNetwork(model, cfg)(batch)
    assert (
        "CHANNELS_LAST: bfloat16 is slower than float32 here, 0.40 times as fast (float32 1/s, bfloat16 0.4/s"
        in caplog.text
    )
    caplog.clear()
    speeds["bfloat16"] = 1.1
    TestedNetwork(model, cfg)(batch)
    assert not caplog.records


@pytest.mark.parametrize("base", ["SYSU/agw.yml", "RGBNT201/ieee.yml"])
def test_a_slower_training_is_warned_of_and_measuring_changes_nothing(model_and_batch, speeds, base, caplog):
    model, batch, _ = model_and_batch(base)
    model.train()
    model.heads.eval()
    modes = {name: part.training for name, part in model.named_modules()}
    state, drawn = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    for speed, words in ((2.0, ""), (0.5, "SOLVER.AMP: bfloat16 is slower than float32 here, 0.50 times as fast")):
        speeds["bfloat16"] = speed
        warn_if_slower(model, batch, torch.device("cpu"), "bfloat16")
        assert words in caplog.text and bool(words) == bool(caplog.text)
    assert modes == {name: part.training for name, part in model.named_modules()}
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), drawn)
    assert all(value.grad is None for value in model.parameters())


def test_nothing_is_measured_where_nothing_is_to_be_chosen(model_and_batch, monkeypatch):
    monkeypatch.setattr(numerics, "measure_speeds", None)
    model, batch, cfg = model_and_batch()
    tested = TestedNetwork(model, cfg)
    tested(batch)
    assert tested.numerics == PLAIN and tested.note == {}


def test_autocast_is_on_in_reduced_precision_alone():
    for dtype, found in (("float32", torch.float32), ("float16", torch.float16), ("bfloat16", torch.bfloat16)):
        with Numerics(dtype).autocast(torch.device("cpu")):
            assert nn.Linear(2, 2)(torch.rand(1, 2)).dtype == found


def test_part_of_a_batch_is_a_batch(model_and_batch):
    model, batch, cfg = model_and_batch("SYSU/mun.yml")
    with torch.no_grad():
        torch.testing.assert_close(model(part_of(batch, slice(3))), model(batch)[:3], atol=1e-5, rtol=1e-4)


def test_several_processes_measure_nothing():
    require_one_process("auto", "auto", 1)
    require_one_process("bfloat16", "always", 2)
    with pytest.raises(InputError, match="TEST.CHANNELS_LAST auto measures in one process, and these are 2"):
        require_one_process("bfloat16", "auto", 2)
