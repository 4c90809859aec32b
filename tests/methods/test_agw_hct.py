from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from fastreid.engine.hooks import LRScheduler
from fastreid.modeling import build_model
from fastreid.solver import build_lr_scheduler
from torch.nn import functional as F

from fastreid_mm.common.errors import InputError
from fastreid_mm.layers import GeM
from fastreid_mm.losses import hetero_center_triplet, weighted_regularized_triplet
from fastreid_mm.settings.load import load_config
from tests.modeling.test_architectures import vi_batch

CONFIGS = Path(__file__).parent.parent.parent / "configs"


@pytest.fixture
def build(tiny_cfg):
    def make(*options, base="SYSU/hct.yml"):
        torch.manual_seed(0)
        return build_model(tiny_cfg("MODEL.HEADS.NUM_CLASSES", 5, *options, base=base))

    return make


def test_agw_classifies_after_the_neck_and_compares_before(build):
    model, batch = build(base="SYSU/agw.yml"), vi_batch()
    losses = model(batch)
    pooled = GeM(3.0)(model.backbone(model.normalize(batch["images"]), batch["modalities"]))
    wrt = weighted_regularized_triplet(pooled, batch["targets"])
    torch.testing.assert_close(losses["loss_weighted_regularized_triplet"], wrt, atol=1e-3, rtol=1e-4)  # another eps
    neck, weight = model.heads.bottleneck[0], model.heads.weight
    logits = F.batch_norm(pooled, None, None, neck.weight, training=True) @ weight.T
    torch.testing.assert_close(losses["loss_cls"], F.cross_entropy(logits, batch["targets"]), atol=1e-3, rtol=1e-4)
    assert set(losses) == {"loss_cls", "loss_weighted_regularized_triplet"}
    assert len(model.backbone.streams[0]) == 1  # the stem only


def test_hct_sums_over_parts_and_adds_the_whole(build):
    model = build(
        "MODEL.LOSSES.HETERO_CENTER_TRIPLET.PART_SCALE",
        0.5,
        "MODEL.LOSSES.HETERO_CENTER_TRIPLET.SCALE",
        3.0,
        "MODEL.LOSSES.HETERO_CENTER_TRIPLET.MARGIN",
        1.5,
        "MODEL.LOSSES.CE.EPSILON",
        0.1,
    )
    batch = vi_batch()
    targets, modalities = batch["targets"], batch["modalities"]
    parts = model.heads.part_features(model.inputs(batch)["maps"])
    assert parts.shape == (16, 2, 16) and (parts >= 0).all()
    identity = 0
    for part, classifier in enumerate(model.heads.classifiers):
        likely = classifier(parts[:, part]).log_softmax(1)
        for half in (modalities == 0, modalities == 1):  # CMT, eq. 9-11: the sum of the means of both modalities
            smoothed = 0.9 * F.one_hot(targets[half], 5) + 0.1 / 5
            identity = identity - (smoothed * likely[half]).sum(1).mean()
    triplet = 3.0 * hetero_center_triplet(parts.flatten(1), targets, modalities, 1.5)
    triplet = triplet + sum(0.5 * hetero_center_triplet(parts[:, part], targets, modalities, 1.5) for part in range(2))
    losses = model(batch)
    torch.testing.assert_close(losses["loss_cls"], identity)
    torch.testing.assert_close(losses["loss_hetero_center_triplet"], triplet)
    one = build("MODEL.LOSSES.CE.SCALE", 1.0, "MODEL.LOSSES.CE.EPSILON", 0.1)
    torch.testing.assert_close(one(batch)["loss_cls"], identity / 2)


def test_a_part_has_weights_of_its_own_on_its_own_stripe(build):
    model = build().eval()
    maps = torch.rand(2, 96, 4, 3)
    parts = model.heads.part_features(maps)
    changed = maps.clone()
    changed[:, :, 2:] = 0  # the lower stripe
    below = model.heads.part_features(changed)
    assert torch.equal(below[:, 0], parts[:, 0]) and not torch.equal(below[:, 1], parts[:, 1])
    alike = model.heads.part_features(maps[:, :, :2].repeat(1, 1, 2, 1))  # the upper stripe twice
    assert not torch.allclose(alike[:, 0], alike[:, 1])


def test_parts_may_keep_the_channels_of_the_backbone(build):
    model = build("MODEL.HEADS.PART_DIM", 0, "MODEL.HEADS.POOL_EXPONENT", "1.0").eval()
    batch = vi_batch()
    maps = model.backbone(model.normalize(batch["images"]), batch["modalities"])
    torch.testing.assert_close(model(batch), maps.mean(3).transpose(1, 2).flatten(1))  # each stripe is one row here


@pytest.mark.parametrize(
    "key, value", [("HEADS.PARTS", 3), ("HEADS.PARTS", 0), ("HEADS.POOL_EXPONENT", 0.0), ("LOSSES.CE.EPSILON", 2.0)]
)
@pytest.mark.parametrize("base", ["SYSU/hct.yml", "SYSU/cmt.yml"])
def test_impossible_options_are_named(build, base, key, value):
    with pytest.raises(InputError, match=f"MODEL.{key} {value}"):
        build(f"MODEL.{key}", value, base=base)


@pytest.mark.parametrize("name", ["agw", "hct", "cmt"])
def test_other_backbones_are_refused(build, name):
    with pytest.raises(InputError, match=f"{'CMT' if name == 'cmt' else 'TwoStream'} needs .*build_timm_vit_backbone"):
        build("MODEL.BACKBONE.NAME", "build_timm_vit_backbone", base=f"SYSU/{name}.yml")


@pytest.mark.parametrize("name, dim", [("agw", 2048), ("hct", 6 * 256)])
def test_the_papers_networks_at_full_size(name, dim):
    cfg = load_config(
        str(CONFIGS / "SYSU" / f"{name}.yml"),
        ["MODEL.DEVICE", "cpu", "MODEL.BACKBONE.PRETRAIN", "False", "MODEL.HEADS.NUM_CLASSES", "395"],
    )
    model = build_model(cfg).eval()
    with torch.no_grad():
        images = torch.rand(1, 3, *cfg.INPUT.SIZE_TEST) * 255
        assert model({"images": images, "modalities": torch.tensor([1])}).shape == (1, dim)


@pytest.mark.parametrize("folder", ["SYSU", "RegDB"])
def test_agw_is_set_as_in_its_code(folder):
    cfg = load_config(str(CONFIGS / folder / "agw.yml"), [])
    assert (cfg.SOLVER.OPT, cfg.SOLVER.NESTEROV, cfg.SOLVER.MOMENTUM) == ("SGD", True, 0.9)
    assert cfg.SOLVER.WEIGHT_DECAY == cfg.SOLVER.WEIGHT_DECAY_BIAS == cfg.SOLVER.WEIGHT_DECAY_NORM == 5e-4
    assert (cfg.SOLVER.BASE_LR, cfg.SOLVER.PRETRAINED_LR_FACTOR, cfg.SOLVER.MAX_EPOCH) == (0.1, 0.1, 80)
    assert (cfg.SOLVER.IMS_PER_BATCH, cfg.DATALOADER.NUM_INSTANCE) == (64, 4)
    assert cfg.INPUT.SIZE_TRAIN == [288, 144] and cfg.INPUT.PADDING.SIZE == 10
    assert cfg.INPUT.PADDING.ENABLED and cfg.INPUT.FLIP.ENABLED and not cfg.INPUT.REA.ENABLED
    assert cfg.MODEL.LOSSES.CE.EPSILON == 0


@pytest.mark.parametrize("folder, name", [("SYSU", "hct"), ("SYSU", "cmt"), ("RegDB", "hct"), ("RegDB", "cmt")])
def test_cmt_and_its_base_are_set_as_in_the_paper(folder, name):
    cfg = load_config(str(CONFIGS / folder / f"{name}.yml"), [])
    assert (cfg.SOLVER.OPT, cfg.SOLVER.BASE_LR, cfg.SOLVER.WEIGHT_DECAY) == ("Adam", 3.5e-4, 5e-4)
    assert (cfg.SOLVER.IMS_PER_BATCH, cfg.DATALOADER.NUM_INSTANCE, cfg.SOLVER.PRETRAINED_LR_FACTOR) == (128, 8, 1.0)
    assert cfg.INPUT.SIZE_TRAIN == [384, 144] and cfg.INPUT.PADDING.ENABLED and cfg.INPUT.PADDING.SIZE == 10
    assert cfg.INPUT.FLIP.ENABLED and cfg.INPUT.REA.ENABLED
    heads, losses = cfg.MODEL.HEADS, cfg.MODEL.LOSSES
    assert (heads.PARTS, heads.PART_DIM, losses.HETERO_CENTER_TRIPLET.MARGIN) == (6, 256, 0.3)
    # the identity loss is CMT's for its "Base" too; the weight on the parts is what HCT's authors changed for RegDB
    assert (losses.CE.SCALE, losses.HETERO_CENTER_TRIPLET.SCALE) == (2, 1)
    assert (2 if folder == "RegDB" else 1) == losses.HETERO_CENTER_TRIPLET.PART_SCALE
    modulation = losses.MODULATION_DISCRIMINATIVE
    assert (modulation.SCALE, modulation.MARGIN, cfg.TEST.METRIC) == (0.2, 0.3, "cosine")
    found = heads.POOL_EXPONENT, losses.CE.EPSILON
    assert found == ((10, 0.1) if folder == "RegDB" else (3, 0))


@pytest.mark.parametrize(
    "name, iterations, expected",
    [
        ("RegDB/agw.yml", 65, {0: 0.1, 5: 0.55, 10: 1, 19: 1, 20: 0.1, 49: 0.1, 50: 0.01, 79: 0.01}),
        ("SYSU/agw.yml", 696, {0: 0.1, 5: 0.55, 10: 1, 19: 1, 20: 0.1, 49: 0.1, 50: 0.01, 79: 0.01}),
        ("SYSU/cmt.yml", 348, {0: 1, 59: 1, 60: 0.1, 89: 0.1, 90: 0.01, 119: 0.01}),
    ],
)
def test_learning_rates_fall_at_the_papers_epochs(name, iterations, expected):
    """Through fast-reid's own hook, which counts SOLVER.STEPS from the end of the warm-up."""
    cfg = load_config(str(CONFIGS / name), [])
    warmup = cfg.SOLVER.WARMUP_ITERS
    assert warmup == (10 * iterations if name.endswith("agw.yml") else 0)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    hook = LRScheduler(optimizer, build_lr_scheduler(cfg, optimizer, iterations))
    storage = SimpleNamespace(put_scalar=lambda *_, **__: None)
    hook.trainer = SimpleNamespace(
        iter=0, epoch=0, warmup_iters=cfg.SOLVER.WARMUP_ITERS, delay_epochs=0, grad_scaler=None, storage=storage
    )
    found = {}
    for hook.trainer.epoch in range(cfg.SOLVER.MAX_EPOCH):
        found[hook.trainer.epoch] = optimizer.param_groups[0]["lr"]
        for _ in range(iterations):
            optimizer.step()
            hook.after_step()
            hook.trainer.iter += 1
        hook.after_epoch()
    assert {epoch: pytest.approx(found[epoch]) for epoch in expected} == expected
