"""The one contract of all heads: features in, named losses out."""

import pytest
import torch
from fastreid.modeling import build_model

from tests.modeling.test_architectures import ARCHITECTURES, batch_of

METHODS = {
    "CMTR": "cmtr",
    "CMT": "cmt",
    "HCT": "hct",
    "MUN": "mun",
    "IEEE": "ieee",
    "HAMNet": "hamnet",
    "MutualFormerReID": "mutualformer",
}
"""The module of each architecture's head. AGW's losses are those of its survey: it needs no head."""


def heads_of(model):
    return {
        name: module
        for name, module in model.named_modules()
        if type(module).__module__.startswith("fastreid_mm.modeling.heads.")
    }


@pytest.fixture(params=METHODS)
def method_and_cfg(request, tiny_cfg):
    torch.manual_seed(0)
    return METHODS[request.param], tiny_cfg("MODEL.HEADS.NUM_CLASSES", 5, base=ARCHITECTURES[request.param])


def test_a_head_is_named_after_its_method(method_and_cfg):
    method, cfg = method_and_cfg
    modules = {type(head).__module__.rpartition(".")[2] for head in heads_of(build_model(cfg)).values()}
    assert method in modules


def test_a_head_gives_named_scalar_losses_in_training_and_is_not_called_in_evaluation(method_and_cfg):
    model, batch = build_model(method_and_cfg[1]), batch_of(method_and_cfg[1])
    given = {}
    for name, head in heads_of(model).items():
        head.register_forward_hook(lambda _, __, output, name=name: given.update({name: output}))
    losses = model.train()(batch)
    assert given.keys() == heads_of(model).keys()
    for output in given.values():
        assert output and output.keys() <= losses.keys()
        assert all(loss.shape == () and loss.isfinite() for loss in output.values())
    given.clear()
    model.eval()(batch)
    assert not given
