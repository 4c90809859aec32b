"""What MUN's paper leaves open: prototypes that stay near the features, images of table 2, identity alignment."""

import pytest
import torch
import torch.nn.functional as F
from fastreid.modeling import build_model

from fastreid_mm.engine.schedule import build_optimizer
from fastreid_mm.losses import identity_alignment
from fastreid_mm.methods.mun.losses import ModalityAlignment
from fastreid_mm.modeling.terms import Labels
from tests.methods.test_mun import named, recording
from tests.modeling.test_architectures import vi_batch


@pytest.fixture
def cfg_of(tiny_cfg):
    return lambda *options: tiny_cfg("MODEL.HEADS.NUM_CLASSES", 5, *options, base="SYSU/mun.yml")


@pytest.fixture
def build(cfg_of):
    def make(*options):
        torch.manual_seed(0)
        return build_model(cfg_of(*options))

    return make


def train_maps(cfg, model, iterations=100):
    """Train the prototypes on features of one law for all modalities; the mean of the last losses on T, and on Z."""
    torch.manual_seed(0)
    alignment, people = model.losses.terms["ModalityAlignment"], torch.randn(5, model.backbone.dim)
    plain = ModalityAlignment(prototype=False, scale=0.008)
    optimizer = build_optimizer(cfg, model)
    alignment.prototypes.total_iterations = 10 * iterations  # early in training, where beta is small
    found = []
    for _ in range(iterations):
        targets = torch.randperm(5)[:2].repeat_interleave(4)
        features = (people[targets] + 0.5 * torch.randn(3, 8, model.backbone.dim)).relu()
        outputs = {"triple_features": features.transpose(0, 1), "pair_targets": targets}
        loss = alignment(outputs, Labels(targets))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append((loss.item(), plain(outputs, Labels(targets)).item()))
    return [sum(values) / 30 for values in zip(*found[-30:])]


@pytest.mark.parametrize(
    "options, near", [((), True), (("MODEL.LOSSES.MODALITY_ALIGNMENT.PROTOTYPE_LR_FACTOR", 1.0), False)]
)
def test_the_modality_alignment_loss_measures_the_features_unless_the_maps_run_away(cfg_of, build, options, near):
    on_prototypes, on_features = train_maps(cfg_of(*options), build(*options))
    if near:
        assert on_prototypes == pytest.approx(on_features, rel=0.15)
    else:
        assert on_prototypes > 3 * on_features


def test_the_factor_is_that_of_the_maps_alone_and_zero_keeps_them_at_the_identity(cfg_of, build):
    model, cfg = build(), cfg_of("MODEL.LOSSES.MODALITY_ALIGNMENT.PROTOTYPE_LR_FACTOR", 0.25, "SOLVER.BASE_LR", 1.0)
    rates = {group["params"][0]: group["lr"] for group in build_optimizer(cfg, build_model(cfg)).param_groups}
    assert sorted(rates.values())[:4] == [0.25, 0.25, 0.25, 1.0] and max(rates.values()) == 1.0
    kept = build("MODEL.LOSSES.MODALITY_ALIGNMENT.PROTOTYPE_LR_FACTOR", 0.0)
    assert not any(value.requires_grad for value in kept.losses.terms["ModalityAlignment"].prototypes.parameters())
    assert sum(value.numel() for value in model.parameters()) == sum(value.numel() for value in kept.parameters())


@pytest.mark.parametrize("auxiliary", ["x", "mixed", "syncretic"])
def test_auxiliary_images_leave_no_trace_in_the_visible_stream(build, auxiliary):
    model, batch = build("MODEL.MUN.AUXILIARY", auxiliary), vi_batch()
    base = build(*named())
    base.load_state_dict(model.state_dict(), strict=False)
    maps, expected = [], []
    model.backbone.rest.register_forward_pre_hook(lambda _, inputs: maps.append(inputs[0].detach()))
    base.backbone.rest.register_forward_pre_hook(lambda _, inputs: expected.append(inputs[0].detach()))
    model(batch)
    base(batch)
    torch.testing.assert_close(maps[0], expected[0])
    assert len(maps) == 2  # auxiliary maps follow by themselves
    remembered = {name: value for name, value in base.named_buffers() if "running" in name}
    assert any("streams.0" in name for name in remembered)
    for name, value in model.named_buffers():
        if name in remembered:
            torch.testing.assert_close(value, remembered[name], msg=name)


@pytest.mark.parametrize("normalize", [False, True])
def test_identity_alignment_on_raw_or_normalized_features(build, normalize):
    model, batch = build("MODEL.LOSSES.IDENTITY_ALIGNMENT.NORMALIZE", normalize), vi_batch()
    seen = recording(model)
    loss = model(batch)["loss_identity_alignment"]
    triples = F.normalize(seen["triple_features"], dim=-1) if normalize else seen["triple_features"]
    torch.testing.assert_close(loss, 0.5 * identity_alignment(*triples.unbind(1), batch["targets"][:8]))
