"""No method reads a value back from the device, in training or in evaluation, and one graph holds all it computes."""

import copy

import pytest
import torch
from fastreid.modeling import build_model
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

import fastreid_mm.methods  # noqa: F401  registers
from fastreid_mm.common.batch_layout import LAYOUT, move_batch
from fastreid_mm.common.errors import InputError
from tests.modeling.test_architectures import ARCHITECTURES, batch_of

WITHOUT_DROPOUT = ("MODEL.BACKBONE.DROP_PATH_RATIO", 0.0, "MODEL.CMT.DROPOUT", 0.0)


@pytest.fixture
def model_and_batch(tiny_cfg):
    def build(base, *options):
        torch.manual_seed(0)
        cfg = tiny_cfg("MODEL.HEADS.NUM_CLASSES", 5, *WITHOUT_DROPOUT, *options, base=base)
        model = build_model(cfg)
        model.set_training_length(3)
        return model, move_batch(batch_of(cfg), "cpu")

    return build


def on_fake_gpu(mode, model, batch):
    """Put a model and a batch on a GPU that there is not: tensors have shapes and a device, and no values."""

    def fake(value):
        return mode.from_tensor(value).to("cuda")

    for module in model.modules():
        for name, value in module._parameters.items():
            module._parameters[name] = None if value is None else nn.Parameter(fake(value), value.requires_grad)
        for name, value in module._buffers.items():
            module._buffers[name] = None if value is None else fake(value)
    rows = batch[LAYOUT].rows
    batch = batch | {LAYOUT: batch[LAYOUT]._replace(rows=rows and tuple(map(fake, rows)))}
    return {key: fake(value) if isinstance(value, Tensor) else value for key, value in batch.items()}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("base", ARCHITECTURES.values(), ids=ARCHITECTURES)
def test_nothing_is_read_back(model_and_batch, base, training):
    model, batch = model_and_batch(base)
    model.train(training)
    with FakeTensorMode() as mode:
        batch = on_fake_gpu(mode, model, batch)
        found = model(batch)
    for value in found.values() if training else [found]:
        assert value.device.type == "cuda" and value.ndim == (0 if training else 2)


@pytest.mark.parametrize("base", ARCHITECTURES.values(), ids=ARCHITECTURES)
def test_one_graph_computes_the_losses(model_and_batch, base):
    model, batch = model_and_batch(base)
    expected = copy.deepcopy(model)(batch)
    torch._dynamo.reset()
    found = torch.compile(model, backend="eager", fullgraph=True)(batch)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("base", ["RGBNT201/ieee.yml", "RGBN300/mutualformer.yml", "RGBN300/hamnet.yml"])
def test_nothing_is_read_back_where_modalities_are_missing(model_and_batch, base):
    model, batch = model_and_batch(base)
    mask = torch.ones(batch["images"].shape[:2], dtype=torch.bool)
    mask[::2, 1] = False
    batch = move_batch({key: batch[key] for key in ("images", "targets")} | {"modality_mask": mask}, "cpu")
    with FakeTensorMode() as mode:
        assert model.eval()(on_fake_gpu(mode, model, batch)).device.type == "cuda"


def test_nothing_is_read_back_of_images_in_any_order(model_and_batch):
    for base in ("SYSU/agw.yml", "SYSU/mun.yml"):
        model, batch = model_and_batch(base)
        mixed = torch.arange(16).view(2, 8).mT.flatten()  # visible and infrared images by turns
        batch = move_batch({key: value[mixed] for key, value in batch.items() if key != LAYOUT}, "cpu")
        assert batch[LAYOUT].rows and batch[LAYOUT].paired
        with FakeTensorMode() as mode:
            assert all(loss.device.type == "cuda" for loss in model(on_fake_gpu(mode, model, batch)).values())


@pytest.mark.parametrize(
    ("base", "targets", "message"),
    [
        ("SYSU/agw.yml", torch.zeros(16, dtype=torch.long), "has 1: a larger batch"),
        ("SYSU/agw.yml", torch.arange(16), "no identity has two samples"),
        ("SYSU/hct.yml", torch.arange(4).repeat_interleave(4), "both modalities of every identity"),
        ("SYSU/cmt.yml", torch.arange(4).repeat_interleave(4), "both modalities of every identity"),
        ("SYSU/mun.yml", torch.tensor([0, 0, 1, 1, 2, 2, 3, 3, 0, 0, 1, 1, 3, 3, 2, 2]), "pairs visible and infrared"),
        ("RGBN300/hamnet.yml", torch.zeros(8, dtype=torch.long), "has 1: a larger batch"),
    ],
)
def test_a_batch_without_what_losses_compare_is_refused_on_the_host(model_and_batch, base, targets, message):
    model, batch = model_and_batch(base)
    del batch[LAYOUT]
    batch = move_batch(batch | {"targets": targets}, "cpu")
    with FakeTensorMode() as mode, pytest.raises(InputError, match=message):
        model(on_fake_gpu(mode, model, batch))
