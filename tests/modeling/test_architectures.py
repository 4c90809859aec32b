"""Every registered architecture of ours: forward, backward, and every parameter moves."""

import pytest
import torch
from fastreid.engine import DefaultPredictor
from fastreid.modeling import build_model

import fastreid_mm.methods  # noqa: F401  registers
from fastreid_mm.common.errors import InputError
from fastreid_mm.engine.schedule import build_optimizer
from fastreid_mm.modeling.batch_checks import require_two_identities

ARCHITECTURES = {
    "CMTR": "SYSU/cmtr.yml",
    "TwoStream AGW": "SYSU/agw.yml",
    "TwoStream HCT": "SYSU/hct.yml",
    "CMT": "SYSU/cmt.yml",
    "MUN": "SYSU/mun.yml",
    "IEEE": "RGBNT201/ieee.yml",
    "MutualFormerReID": "RGBN300/mutualformer.yml",
    "HAMNet": "RGBN300/hamnet.yml",
}
"""The config file each is tested on."""

WAITING = {"IEEE": "relation.key."}
"""Parameters without a gradient until another has moved: the released relation embedding starts with a factor of 0."""


def vi_batch(size=(32, 16), identities=4, instances=2):
    """A visible-infrared batch: visible half first, both in the same identity order."""
    half = torch.arange(identities).repeat_interleave(instances)
    count = len(half)
    return {
        "images": torch.rand(2 * count, 3, *size) * 255,
        "targets": half.repeat(2),
        "modalities": torch.tensor([0] * count + [1] * count),
        "camids": torch.zeros(2 * count),
    }


def aligned_batch(modalities, size=(32, 16), identities=4, instances=2):
    """An aligned batch."""
    targets = torch.arange(identities).repeat_interleave(instances)
    return {
        "images": torch.rand(len(targets), modalities, 3, *size) * 255,
        "targets": targets,
        "camids": torch.zeros(len(targets)),
    }


def batch_of(cfg):
    """A batch of the kind that a config's architecture trains on."""
    if cfg.MODEL.BACKBONE.NAME == "build_multi_stream_resnet_backbone":
        return aligned_batch(len(cfg.DATASETS.ALIGNED.MODALITIES), cfg.INPUT.SIZE_TRAIN)
    return vi_batch(cfg.INPUT.SIZE_TRAIN)


@pytest.fixture(params=ARCHITECTURES)
def model_and_cfg(request, tiny_cfg):
    torch.manual_seed(0)
    cfg = tiny_cfg("MODEL.HEADS.NUM_CLASSES", 5, base=ARCHITECTURES[request.param])
    assert request.param.split()[0] == cfg.MODEL.META_ARCHITECTURE
    return build_model(cfg), cfg


def test_every_trainable_parameter_gets_a_gradient_and_moves(model_and_cfg):
    model, cfg = model_and_cfg
    optimizer = build_optimizer(cfg, model.train())
    waiting = WAITING.get(cfg.MODEL.META_ARCHITECTURE)
    if waiting:
        before = {name: value.detach().clone() for name, value in model.named_parameters() if waiting in name}
        sum(model(batch_of(cfg)).values()).backward()
        assert before and not any(value.grad.any() for name, value in model.named_parameters() if name in before)
        optimizer.step()
        optimizer.zero_grad()
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    losses = model(batch_of(cfg))
    assert all(loss.shape == () and loss.isfinite() for loss in losses.values())
    sum(losses.values()).backward()
    trainable = {name for name, value in model.named_parameters() if value.requires_grad}
    assert {name for name, value in model.named_parameters() if not value.requires_grad} <= {
        "heads.neck.bias",
        "heads.bottleneck.0.bias",
        "heads.necks.0.bias",
        "heads.necks.1.bias",
    }
    assert not [
        name
        for name, value in model.named_parameters()
        if name in trainable and (value.grad is None or not value.grad.abs().sum() > 0)
    ]
    optimizer.step()
    still = {name for name, value in model.named_parameters() if torch.equal(value, before[name])}
    assert not still & trainable


@pytest.mark.parametrize("base", [base for name, base in ARCHITECTURES.items() if name != "CMTR"])
def test_every_method_trains_on_another_family_of_networks(base, tiny_cfg):
    torch.manual_seed(0)
    keys = ("RESNET.NAME", "test_efficientnet", "RESNET.STEM_RELU", True, "CHANNELS_LAST", True)
    options = [f"MODEL.BACKBONE.{key}" if index % 2 == 0 else key for index, key in enumerate(keys)]
    cfg = tiny_cfg("MODEL.HEADS.NUM_CLASSES", 5, *options, base=base)
    model = build_model(cfg).train()
    losses = model(batch_of(cfg))
    assert all(loss.isfinite() for loss in losses.values())
    sum(losses.values()).backward()
    assert all(value.grad is not None for value in model.backbone.parameters())


def test_evaluation_gives_a_feature_for_each_image_that_its_neighbours_do_not_change(model_and_cfg):
    model, cfg = model_and_cfg
    model.eval()
    batch = batch_of(cfg)
    with torch.no_grad():
        together = model(batch)
        alone = model({key: value[3:4] for key, value in batch.items()})
    assert together.shape[0] == len(batch["targets"]) and together.ndim == 2
    torch.testing.assert_close(together[3:4], alone, atol=1e-5, rtol=1e-4)


def test_losses_that_compare_identities_are_known_before_training_and_refuse_a_batch_of_one(model_and_cfg):
    model, cfg = model_and_cfg
    batch = batch_of(cfg)
    batch["targets"] = torch.zeros_like(batch["targets"])
    if not model.compares_identities:
        return
    with pytest.raises(ValueError, match="has 1: a larger batch"):
        model(batch)
    for sampler, images in (("CrossModalityIdentitySampler", 4), ("NaiveIdentitySampler", 2)):
        cfg.merge_from_list(["DATALOADER.SAMPLER_TRAIN", sampler, "SOLVER.IMS_PER_BATCH", 2 * images])
        require_two_identities(cfg)
        cfg.merge_from_list(["SOLVER.IMS_PER_BATCH", images])
        with pytest.raises(InputError, match=rf"{images} has 1 identity, .*NUM_INSTANCE 2 .* {2 * images} or"):
            require_two_identities(cfg)
    cfg.merge_from_list(["DATALOADER.NUM_INSTANCE", 1, "SOLVER.IMS_PER_BATCH", 8])
    with pytest.raises(InputError, match=r"DATALOADER.NUM_INSTANCE 1: \w+ compares images of one identity"):
        require_two_identities(cfg)
    cfg.merge_from_list(["DATALOADER.SAMPLER_TRAIN", "TrainingSampler"])
    require_two_identities(cfg)


def test_the_batch_is_left_as_it_was(model_and_cfg):
    model, cfg = model_and_cfg
    batch = batch_of(cfg)
    before = batch["images"].clone()
    model(batch)
    assert torch.equal(batch["images"], before)  # the host normalises in place, twice in flip testing


def test_losses_and_gradients_under_autocast_are_near_those_without(model_and_cfg):
    model, cfg = model_and_cfg
    batch, drawn = batch_of(cfg), torch.get_rng_state()
    model.train()
    exact = model(batch)
    torch.set_rng_state(drawn)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = model(batch)
    for name, loss in rounded.items():
        torch.testing.assert_close(loss.float(), exact[name], atol=0.1, rtol=0.1)
    sum(rounded.values()).backward()
    assert all(value.grad.isfinite().all() for value in model.parameters() if value.grad is not None)


def test_the_hosts_predictor_is_told_what_to_give(model_and_cfg):
    """It hands over images alone: a KeyError, or samples read as something else, is no help to whoever calls it."""
    _, cfg = model_and_cfg
    wanted = r"images \(B, M, 3, H, W\)" if cfg.DATASETS.ALIGNED.MODALITIES else r"modalities \(B,\)"
    with pytest.raises(InputError, match=f"DefaultPredictor .*{wanted}"):
        DefaultPredictor(cfg)(torch.rand(1, 3, *cfg.INPUT.SIZE_TEST) * 255)
