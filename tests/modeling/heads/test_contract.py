"""The one contract of all heads: the feature in evaluation, and in training named outputs."""

import pytest
import torch
from fastreid.modeling import build_model

from fastreid_mm.modeling.heads.head import gives_of
from tests.modeling.test_architectures import ARCHITECTURES, batch_of


@pytest.fixture(params=ARCHITECTURES)
def model_and_batch(request, tiny_cfg):
    torch.manual_seed(0)
    cfg = tiny_cfg("MODEL.HEADS.NUM_CLASSES", 5, base=ARCHITECTURES[request.param])
    return build_model(cfg), batch_of(cfg)


def test_a_head_gives_the_outputs_that_it_says_and_fast_reids_three_among_them(model_and_batch):
    model, batch = model_and_batch
    seen = {}
    model.heads.register_forward_hook(lambda *arguments: seen.update(outputs=arguments[-1]))
    losses = model.train()(batch)
    outputs = seen["outputs"]
    assert {"cls_outputs", "pred_class_logits", "features"} <= set(outputs) <= set(gives_of(type(model.heads)))
    assert outputs["features"].ndim == 2 and all(loss.shape == () for loss in losses.values())


def test_widths_are_those_of_the_outputs(model_and_batch):
    model, batch = model_and_batch
    if not hasattr(model.heads, "widths"):
        return
    outputs = model.train().heads(model.inputs(batch))
    for name, width in model.heads.widths.items():
        assert name not in outputs or outputs[name].shape[-1] == width, name
    assert set(model.heads.widths) <= set(model.heads.gives)
