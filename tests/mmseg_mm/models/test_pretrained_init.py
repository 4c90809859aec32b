"""Pretrained weights in other people's wrappings, for a backbone and a whole model."""

import pytest
import torch
from mmseg.registry import MODELS

from fastreid_mm.common.errors import InputError
from mmseg_mm.engine.safe_checkpoint import read_checkpoint, weights_of
from tests.mmseg_mm.small_model import build_model


def prefixed(state, prefix):
    return {prefix + name: value for name, value in state.items()}


WRAPPED = {
    "bare": dict,
    "state_dict": lambda state: {"state_dict": state, "meta": {}},
    "net": lambda state: {"net": state, "epoch": 3, "note": "text"},
    "base.": lambda state: prefixed(state, "base.") | {"classifier.weight": torch.zeros(3, 2)},
    "module.base.": lambda state: {"params": prefixed(state, "module.base."), "optimizer": {"state": {}}},
    "BACKBONE.base.": lambda state: {"model": prefixed(state, "BACKBONE.base.") | {"head.bias": torch.ones(1)}},
}


def resnet(path=None):
    begin = path and {"type": "Pretrained", "checkpoint": str(path)}
    return MODELS.build({"type": "ResNet", "depth": 18, "base_channels": 8, "stem_channels": 8, "init_cfg": begin})


@pytest.mark.parametrize("kind", WRAPPED)
def test_a_backbone_begins_from_any_wrapping(tmp_path, kind):
    build_model()  # sets the scope
    torch.manual_seed(5)
    state = resnet().state_dict()
    torch.save(WRAPPED[kind](state), tmp_path / "theirs.pth")
    other = resnet(tmp_path / "theirs.pth")
    other.init_weights()
    assert all(torch.equal(value, state[name]) for name, value in other.state_dict().items())


def test_a_file_without_any_of_its_tensors_is_refused(tmp_path):
    build_model()
    torch.save({"net": {"other.weight": torch.ones(2)}}, tmp_path / "theirs.pth")
    with pytest.raises(InputError, match=r"init_cfg: .*theirs.pth has none of the \d+ tensors of the ResNet"):
        resnet(tmp_path / "theirs.pth").init_weights()


@pytest.mark.parametrize("kind", WRAPPED)
def test_a_whole_models_weights_are_found_in_any_wrapping(tmp_path, kind):
    model = build_model()
    state = model.state_dict()
    torch.save(WRAPPED[kind](state), tmp_path / "theirs.pth")
    found = weights_of(read_checkpoint(str(tmp_path / "theirs.pth")), "theirs.pth", state)
    assert found.keys() >= state.keys()
