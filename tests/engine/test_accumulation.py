"""A batch in parts has the losses and gradients of the whole batch."""

import copy
import re
from functools import partial

import pytest
import torch
from fastreid.modeling import build_model
from torch.nn.modules.batchnorm import _BatchNorm

import fastreid_mm.methods  # noqa: F401  registers
from fastreid_mm.common.batch_layout import layout_of, move_batch
from fastreid_mm.common.errors import InputError
from fastreid_mm.engine import MMTrainer
from fastreid_mm.engine.accumulation import backward_by_parts, check_parts, split_batch
from fastreid_mm.modeling.numerics import Numerics
from tests.modeling.test_architectures import ARCHITECTURES, batch_of
from tests.modeling.test_no_read_back import WITHOUT_DROPOUT


def in_parts(model, batch, parts, dtype="float32"):
    autocast = partial(Numerics(dtype).autocast, torch.device("cpu"))
    return backward_by_parts(model, batch, parts, lambda total: total, autocast)


def gradients(model):
    return {name: value.grad for name, value in model.named_parameters() if value.grad is not None}


@pytest.fixture
def model_and_batch(tiny_cfg):
    """A network in training whose backbone has frozen BatchNorm, if it has any, and a batch."""

    def build(base, *options):
        torch.manual_seed(0)
        cfg = tiny_cfg("MODEL.HEADS.NUM_CLASSES", 5, *WITHOUT_DROPOUT, *options, base=base)
        model = build_model(cfg).train()
        model.set_training_length(3)
        for name, part in model.named_modules():
            if isinstance(part, _BatchNorm) and not name.startswith(("heads.", "losses.")):
                part.eval()
        return model, move_batch(batch_of(cfg), "cpu")

    return build


@pytest.mark.parametrize("base", ARCHITECTURES.values(), ids=ARCHITECTURES)
def test_losses_gradients_and_statistics_are_those_of_the_whole_batch(model_and_batch, base, monkeypatch):
    """In double precision, as the gradient of a bias before a BatchNorm is zero but for rounding."""
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)  # by which heads end half precision
    model, batch = model_and_batch(base)
    model, batch["images"] = model.double(), batch["images"].double()
    whole = copy.deepcopy(model)
    expected = whole(batch)
    sum(expected.values()).backward()
    found = in_parts(model, batch, 4)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    assert gradients(model).keys() == gradients(whole).keys() and len(gradients(model)) > 10
    for name, gradient in gradients(whole).items():
        error = (gradients(model)[name] - gradient).norm() / gradient.norm().clamp(min=1e-3)
        assert error < 1e-4, (name, error)
    for (name, buffer), (_, other) in zip(model.named_buffers(), whole.named_buffers()):
        torch.testing.assert_close(buffer, other, atol=1e-5, rtol=1e-5, msg=name)


def test_images_in_any_order_and_in_double_precision(model_and_batch):
    """Exactly: rounding is all that differs."""
    model, batch = model_and_batch("SYSU/agw.yml")
    model, order = model.double(), torch.randperm(16)
    batch = move_batch(
        {
            key: batch[key].to(torch.float64)[order] if key == "images" else batch[key][order]
            for key in ("images", "targets", "modalities")
        },
        "cpu",
    )
    assert layout_of(batch).rows is not None
    whole = copy.deepcopy(model)
    sum(whole(batch).values()).backward()
    in_parts(model, batch, 2)
    for name, gradient in gradients(whole).items():
        torch.testing.assert_close(gradients(model)[name], gradient, atol=1e-9, rtol=1e-6)


def test_dropout_draws_the_same_numbers_twice(model_and_batch, monkeypatch):
    model, batch = model_and_batch("SYSU/cmtr.yml", "MODEL.BACKBONE.DROP_RATIO", 0.5)
    maps, inputs = [], model.inputs
    monkeypatch.setattr(model, "inputs", lambda piece: maps.append(inputs(piece)) or maps[-1])
    in_parts(model, batch, 2)
    first, second, *again = (each["maps"] for each in maps)
    assert torch.equal(first, again[0]) and torch.equal(second, again[1]) and not torch.equal(first, second)


def test_statistics_of_a_backbone_are_counted_once(model_and_batch):
    model, batch = model_and_batch("SYSU/agw.yml")
    model.train()
    in_parts(model, batch, 4)
    counts = {name: int(value) for name, value in model.named_buffers() if name.endswith("num_batches_tracked")}
    assert {count for name, count in counts.items() if name.startswith("backbone.")} == {4}
    assert {count for name, count in counts.items() if name.startswith("heads.")} == {1}


def test_half_precision_gives_gradients_too(model_and_batch):
    model, batch = model_and_batch("SYSU/cmtr.yml")
    in_parts(model, batch, 2)
    exact = gradients(model)
    model.zero_grad()
    in_parts(model, batch, 2, "bfloat16")
    for name, gradient in gradients(model).items():
        assert (gradient - exact[name]).norm() < 0.2 * exact[name].norm() + 1e-5, name


def test_parts_of_aligned_samples_know_what_is_missing(tiny_cfg):
    cfg = tiny_cfg(base="RGBNT201/ieee.yml")
    batch = batch_of(cfg)
    mask = torch.ones(8, 3, dtype=torch.bool)
    mask[5, 1] = False
    first, second = split_batch(move_batch(batch | {"modality_mask": mask}, "cpu"), 2)
    assert first["layout"].rows is None and second["layout"].rows[1].tolist() == [0, 2, 3]
    assert torch.equal(torch.cat([first["images"], second["images"]]), batch["images"])


@pytest.mark.usefixtures("sysu_datasets")
def test_a_training_in_parts_of_a_transformer_is_that_of_whole_batches(tiny_cfg):
    weights = []
    for parts in (1, 2):
        cfg = tiny_cfg(
            "SOLVER.ACCUMULATION_PARTS",
            parts,
            *WITHOUT_DROPOUT[:2],
            "SOLVER.OPT",
            "SGD",
            "SOLVER.MAX_EPOCH",
            1,
            "TEST.EVAL_PERIOD",
            9,
            output=f"in{parts}",
        )
        trainer = MMTrainer(cfg)
        trainer.max_epoch = 1
        trainer.test = lambda *_: {}
        trainer.train()
        weights.append(trainer.model.state_dict())
    for name, value in weights[0].items():
        torch.testing.assert_close(weights[1][name], value, atol=1e-5, rtol=1e-3, msg=name)


@pytest.mark.usefixtures("sysu_datasets")
@pytest.mark.parametrize(
    "options, words",
    [
        (("SOLVER.ACCUMULATION_PARTS", 3), "ACCUMULATION_PARTS 3 does not divide the 8 pairs"),
        (("DATALOADER.SAMPLER_TRAIN", "NaiveIdentitySampler"), "needs DATALOADER.SAMPLER_TRAIN CrossModality"),
    ],
)
def test_parts_that_cannot_work_are_refused(tiny_cfg, options, words):
    cfg = tiny_cfg("SOLVER.ACCUMULATION_PARTS", 2, "SOLVER.IMS_PER_BATCH", 16, "MODEL.HEADS.NUM_CLASSES", 5, *options)
    with pytest.raises(InputError, match=words):
        check_parts(cfg, build_model(cfg))


def test_networks_with_batch_norm_are_warned_of_and_foreign_ones_refused(tiny_cfg, warnings):
    for base, count in (("SYSU/cmtr.yml", 0), ("SYSU/agw.yml", 1)):
        cfg = tiny_cfg("SOLVER.ACCUMULATION_PARTS", 2, "MODEL.HEADS.NUM_CLASSES", 5, base=base)
        check_parts(cfg, build_model(cfg))
        assert len(warnings) == count
    assert re.search(r"\d+ BatchNorm layers of the backbone normalize each part of \d+ ", warnings[0].getMessage())
    with pytest.raises(InputError, match="computes maps and losses in one"):
        check_parts(cfg, torch.nn.Identity())
