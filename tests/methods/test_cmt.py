from pathlib import Path

import pytest
import torch
from fastreid.modeling import build_model

from fastreid_mm.common.errors import InputError
from fastreid_mm.engine.schedule import build_optimizer
from fastreid_mm.evaluation import pairwise_distance, query_adaptive_distance
from fastreid_mm.losses import modulation_discriminative
from fastreid_mm.modeling.terms import Labels
from fastreid_mm.settings.load import load_config
from tests.modeling.test_architectures import vi_batch

PAPER = Path(__file__).parent.parent.parent / "configs" / "SYSU" / "cmt.yml"


def named(*more):
    """The option that names the losses of the base, and some more."""
    return ["MODEL.LOSSES.NAME", str(("CrossEntropyLoss", "HeteroCenterTriplet", *more))]


NO_MODALITY, NO_INSTANCE, NEITHER = named("ModulationDiscriminative"), named("ModalityConsistency"), named()
NO_DROPOUT = ("MODEL.CMT.DROPOUT", 0.0)


def parts_of(model, batch):
    return model.heads.part_features(model.inputs(batch)["maps"])


@pytest.fixture
def build(tiny_cfg):
    def make(*options, base="SYSU/cmt.yml"):
        torch.manual_seed(0)
        return build_model(tiny_cfg("MODEL.HEADS.NUM_CLASSES", 5, *options, base=base))

    return make


def test_the_papers_network_at_full_size():
    cfg = load_config(
        str(PAPER), ["MODEL.DEVICE", "cpu", "MODEL.BACKBONE.PRETRAIN", "False", "MODEL.HEADS.NUM_CLASSES", "395"]
    )
    model = build_model(cfg).eval()
    with torch.no_grad():
        feature = model({"images": torch.rand(2, 3, 384, 144) * 255, "modalities": torch.tensor([1, 0])})
    assert feature.shape == (2, 6 * 256 + 2 * 256)
    assert model.pairwise_distance(feature[:1], feature[1:]).shape == (1, 1)
    backbone = 23_508_032 + 64 * 3 * 49 + 128 + 215_808
    head = 6 * (2048 * 256 + 2 * 256 + 256 * 395 + 395)
    attention, ffn, norm = 4 * (256 * 256 + 256), 2 * 4 * 256 * 256 + 4 * 256 + 256, 2 * 256
    transformer = (attention + ffn + 2 * norm) + (2 * attention + norm) + 2 * 6 * 256
    generators = 2 * 2 * (256 * 256 + 256)
    assert sum(value.numel() for value in model.parameters()) == backbone + head + transformer + generators


BASE = {"loss_cls", "loss_hetero_center_triplet"}


@pytest.mark.parametrize(
    "options, extra",
    [
        ([], {"loss_modality_consistency", "loss_modulation_discriminative"}),
        ([*NO_INSTANCE], {"loss_modality_consistency"}),  # table 3
        ([*NO_MODALITY], {"loss_modulation_discriminative"}),
        (NEITHER, set()),
        (["MODEL.HEADS.PARTS", 1], {"loss_modality_consistency", "loss_modulation_discriminative"}),  # figure 3
        (["MODEL.CMT.RESIDUAL_FROM", "encoded"], {"loss_modality_consistency", "loss_modulation_discriminative"}),
        (
            ["MODEL.LOSSES.MODALITY_CONSISTENCY.DETACH_CENTROID", False, "MODEL.CMT.DECODER", "block"],
            {"loss_modality_consistency", "loss_modulation_discriminative"},
        ),
        (
            ["MODEL.CMT.GENERATOR_REDUCTION", 16, "MODEL.CMT.FFN_RATIO", 8, "MODEL.CMT.GENERATOR_SCALE", "plain"],
            {"loss_modality_consistency", "loss_modulation_discriminative"},
        ),
        (["MODEL.HEADS.PART_DIM", 0], {"loss_modality_consistency", "loss_modulation_discriminative"}),
    ],
)
def test_every_row_of_the_papers_tables_is_a_key(build, options, extra):
    model = build(*options)
    losses = model(vi_batch())
    assert set(losses) == BASE | extra
    sum(losses.values()).backward()
    assert all(value.grad is not None for value in model.parameters() if value.requires_grad)


def test_both_alignments_off_is_hct(build):
    cmt, hct, batch = build(*NEITHER), build(base="SYSU/hct.yml"), vi_batch()
    hct.load_state_dict(cmt.state_dict())  # the same names
    ours, theirs = cmt(batch), hct(batch)
    assert set(ours) == set(theirs) and all(torch.equal(ours[name], theirs[name]) for name in ours)
    feature = hct.eval()(batch)
    assert torch.equal(cmt.eval()(batch), feature)
    assert torch.equal(cmt.pairwise_distance(feature[:8], feature[8:]), pairwise_distance(feature[:8], feature[8:]))


def test_the_base_starts_from_the_same_weights(build):
    base, full = build(base="SYSU/hct.yml").state_dict(), build().state_dict()
    assert all(torch.equal(value, full[name]) for name, value in base.items())


@pytest.mark.parametrize("source", ["raw", "encoded"])
def test_eq_5_adds_the_missing_modality(build, source):
    model, batch = build("MODEL.CMT.RESIDUAL_FROM", source).eval(), vi_batch()
    parts = parts_of(model, batch)
    encoded, compensated = model.heads.compensation(parts, batch["modalities"])
    complete, made_up = model.heads.complete(parts, batch["modalities"])
    torch.testing.assert_close(complete, (parts if source == "raw" else encoded) + compensated)
    torch.testing.assert_close(made_up, compensated)


@pytest.mark.parametrize("detach", [False, True])
def test_complete_features_may_train_what_completes_them(build, detach):
    model, batch = build("MODEL.CMT.DETACH_COMPENSATION", detach), vi_batch()
    losses = model(batch)
    consistency = losses.pop("loss_modality_consistency")
    assert consistency.requires_grad
    weights = list(model.heads.compensation.parameters())
    reached = torch.autograd.grad(sum(losses.values()), weights, allow_unused=True)
    assert any(gradient is not None for gradient in reached) is not detach


@pytest.mark.parametrize("detach", [False, True])
def test_eq_7_and_8_compare_with_the_other_modality(build, detach):
    model, batch = build(*NO_DROPOUT, "MODEL.LOSSES.MODALITY_CONSISTENCY.DETACH_CENTROID", detach), vi_batch()
    targets, modalities = batch["targets"], batch["modalities"]
    parts = parts_of(model, batch).detach().requires_grad_()
    _, compensated = model.heads.compensation(parts, modalities)
    expected = 0
    for modality in (0, 1):
        for i in (modalities != modality).nonzero().flatten():
            center = parts[(modalities == modality) & (targets == targets[i])].mean(0)
            expected = expected + (compensated[i] - center).norm() / 8
    torch.testing.assert_close(model(batch)["loss_modality_consistency"], expected)
    # with the compensation held still, only the centres are left to move the part features
    term = model.losses.terms["ModalityConsistency"]
    outputs = {"raw_parts": parts, "compensated_parts": compensated.detach()}
    assert term(outputs, Labels(targets, modalities)).requires_grad is not detach


def test_lambda_scales_the_modulation_loss_only(build):
    model, batch = build(*NO_DROPOUT), vi_batch()
    usual = model(batch)
    model.losses.terms["ModulationDiscriminative"].scale = 1.0
    for name, loss in model(batch).items():
        assert loss.item() == pytest.approx(
            usual[name].item() * (5 if name == "loss_modulation_discriminative" else 1), rel=1e-5
        )
    complete, _ = model.heads.complete(parts_of(model, batch), batch["modalities"])
    modulation = model.heads.generator(complete)
    labels = {"targets": batch["targets"], "modalities": batch["modalities"]}
    expected = modulation_discriminative(complete, *modulation, **labels, distance="cosine")
    torch.testing.assert_close(usual["loss_modulation_discriminative"], 0.2 * expected)


@pytest.mark.parametrize("detach", [False, True])
def test_the_modulation_loss_may_train_the_generators_alone(build, detach):
    model = build(*NO_DROPOUT, "MODEL.LOSSES.MODULATION_DISCRIMINATIVE.DETACH_FEATURES", detach)
    usual, batch = build(*NO_DROPOUT), vi_batch()
    losses = model(batch)
    torch.testing.assert_close(losses, usual(batch))
    losses["loss_modulation_discriminative"].backward()
    trained = {name for name, value in model.named_parameters() if value.grad is not None and value.grad.any()}
    generators = {name for name in trained if name.startswith("heads.generator.")}
    assert len(generators) == 8 and (trained == generators) is detach


def test_the_generators_rate_has_a_factor_of_its_own(build, tiny_cfg):
    cfg = tiny_cfg("MODEL.HEADS.NUM_CLASSES", 5, "MODEL.CMT.GENERATOR_LR_FACTOR", 0.25, base="SYSU/cmt.yml")
    model = build_model(cfg)
    rates = {group["params"][0]: group["lr"] / cfg.SOLVER.BASE_LR for group in build_optimizer(cfg, model).param_groups}
    assert {name for name, value in model.named_parameters() if rates[value] == 0.25} == {
        name for name, _ in model.named_parameters() if name.startswith("heads.generator.")
    }


def test_the_modulation_loss_may_be_euclidean_and_of_any_modality(build):
    modulation = "MODEL.LOSSES.MODULATION_DISCRIMINATIVE."
    model = build(*NO_DROPOUT, modulation + "DISTANCE", "euclidean", modulation + "CROSS_TRIPLETS", False)
    batch = vi_batch()
    complete, _ = model.heads.complete(parts_of(model, batch), batch["modalities"])
    expected = modulation_discriminative(complete, *model.heads.generator(complete), batch["targets"])
    torch.testing.assert_close(model(batch)["loss_modulation_discriminative"], 0.2 * expected)


def modulating(model):
    """Generators that do more than those of an untrained network."""
    with torch.no_grad():
        for value in model.heads.generator.parameters():
            value.add_(0.3 * torch.randn_like(value))
    return model.eval()


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_queries_modulate_the_gallery(build, metric):
    model, batch = modulating(build("TEST.METRIC", metric)), vi_batch()
    with torch.no_grad():
        features = model(batch)
        parts = parts_of(model, batch)
        complete, _ = model.heads.complete(parts, batch["modalities"])
        scale, shift = model.heads.generator(complete)
    distance = model.pairwise_distance(features[:8], features[8:])
    expected = query_adaptive_distance(complete[:8], complete[8:], scale[:8], shift[:8], metric)
    torch.testing.assert_close(distance, expected)
    ordinary = pairwise_distance(complete[:8].flatten(1), complete[8:].flatten(1), metric)
    assert not torch.allclose(distance, ordinary, rtol=0.01)
    assert not torch.allclose(distance, model.pairwise_distance(features[8:], features[:8]).T, rtol=0.01)


def test_without_instance_alignment_distances_are_ordinary(build):
    model, batch = build(*NO_INSTANCE, "TEST.METRIC", "euclidean").eval(), vi_batch()
    features = model(batch)
    assert features.shape == (16, 32) and not features.isnan().any()
    torch.testing.assert_close(
        model.pairwise_distance(features[:8], features[8:]), pairwise_distance(features[:8], features[8:], "euclidean")
    )


def test_training_drops_out_and_evaluation_is_not_random(build):
    model, batch = build(), vi_batch()
    assert model(batch)["loss_modality_consistency"] != model(batch)["loss_modality_consistency"]
    model.eval()
    assert torch.equal(model(batch), model(batch))


@pytest.mark.parametrize("config", ["SYSU/cmt.yml", "RegDB/cmt.yml", "LLCM/cmt.yml", "demo/cmt.yml"])
def test_what_is_made_up_is_the_sum_of_eq_4_unless_a_block_is_asked_for(build, config):
    assert not hasattr(build(base=config).heads.compensation.decoder, "linear1")
    block = build("MODEL.CMT.DECODER", "block", "MODEL.CMT.COMPENSATION_INIT", 0.1, base=config)
    weight = block.heads.compensation.decoder.norm3.weight
    assert torch.equal(weight, torch.full_like(weight, 0.1))


@pytest.mark.parametrize(
    "key, value",
    [
        ("MODEL.CMT.RESIDUAL_FROM", "cooked"),
        ("MODEL.CMT.HEADS", 3),
        ("MODEL.CMT.HEADS", 0),
        ("MODEL.CMT.COMPENSATION_INIT", -0.5),
        ("MODEL.CMT.DECODER", "layer"),
        ("MODEL.CMT.GENERATOR_SCALE", "two"),
        ("MODEL.CMT.GENERATOR_LR_FACTOR", -1.0),
        ("MODEL.LOSSES.MODULATION_DISCRIMINATIVE.DISTANCE", "l1"),
        ("MODEL.CMT.GENERATOR_REDUCTION", 32),
        ("MODEL.CMT.FFN_RATIO", 0),
        ("MODEL.CMT.DROPOUT", 1.0),
        ("TEST.METRIC", "l3"),
    ],
)
def test_impossible_options_are_named(build, key, value):
    with pytest.raises(InputError, match=f"{key} '?{value}"):
        build(key, value)
