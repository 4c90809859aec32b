import pytest
import torch
import torch.nn.functional as F

from fastreid_mm.common.errors import InputError
from tests.mmseg_mm.small_model import build_head, samples, squares

ENTROPY = {"type": "CrossEntropyLoss", "use_sigmoid": True}
SIZES = ((16, 16), (8, 32), (4, 64), (2, 128))  # side and channels of each level of a 64 x 64 image


def features(count=2):
    torch.manual_seed(0)
    return [tuple(torch.rand(2, count, channels, side, side)) for side, channels in SIZES]


def loss(head, count=2):
    return head.loss(features(count), samples(squares(count)), None)


def plain_entropies(head):
    """Cross-entropy of every map, at the mask's size, by name."""
    mask = squares().float()
    squeezed = head._squeeze(features())
    refined, first, second = head._decode(squeezed)
    logits = {"decoder1": head.first_seg(first), "decoder2": head.conv_seg(second)}
    logits |= {f"level{number}": seg(level) for number, (seg, level) in enumerate(zip(head.level_seg, refined), 2)}
    return {
        name: F.binary_cross_entropy_with_logits(
            F.interpolate(maps, size=(64, 64), mode="bilinear", align_corners=False), mask
        )
        for name, maps in logits.items()
    }


SHARES = {"decoder1": 1 / 2, "decoder2": 1 / 2, "level2": 1 / 2, "level3": 1 / 4, "level4": 1 / 8, "level5": 1 / 16}


def test_every_map_is_logged_with_its_share():
    """Eq. 14 and 15: both decoders by half, levels 1/2, 1/4, 1/8 and 1/16; every level's regularization fully."""
    head = build_head(loss_decode={**ENTROPY, "_delete_": True}, regularization=0.4).eval()
    found, entropies = loss(head), plain_entropies(head)
    assert set(found) == {f"{name}.loss_ce" for name in SHARES} | {f"level{i}.loss_regularization" for i in range(2, 6)}
    for name, share in SHARES.items():
        assert found[f"{name}.loss_ce"].item() == pytest.approx(0.6 * share * entropies[name].item(), rel=1e-5)


def test_several_losses_with_weights():
    head = build_head(
        regularization=0,
        loss_decode=[
            {**ENTROPY, "loss_weight": 0.1},
            {**ENTROPY, "loss_weight": 0.2},
            {"type": "PixelPositionAwareLoss", "loss_weight": 2.0},
        ],
    ).eval()
    single = build_head(regularization=0).eval()
    found, entropies, other = loss(head), plain_entropies(head), loss(single)
    assert set(other) == {f"{name}.loss_ppa" for name in SHARES} and len(found) == 12
    for name, share in SHARES.items():
        assert found[f"{name}.loss_ce"].item() == pytest.approx(0.3 * share * entropies[name].item(), rel=1e-5)
        assert found[f"{name}.loss_ppa"].item() == pytest.approx(2 * other[f"{name}.loss_ppa"].item(), rel=1e-5)


def test_regularization_is_a_share():
    losses = {share: loss(build_head(regularization=share).eval()) for share in (0.4, 0.8)}
    for name, value in losses[0.4].items():
        factor = 1 / 2 if "regularization" in name else 3
        assert value.item() == pytest.approx(factor * losses[0.8][name].item(), rel=1e-5)


def test_without_regularization_there_are_no_maps_for_it():
    head = build_head(regularization=0)
    assert not [name for name in loss(head) if "regularization" in name]
    assert not [name for name, _ in head.named_parameters() if name.startswith("modality_seg")]
    with pytest.raises(InputError, match="regularization 1 is not in"):
        build_head(regularization=1)


@pytest.mark.parametrize("name", ["sampler", "ignore_index", "act_cfg", "conv_cfg", "refularization"])
def test_an_argument_without_effect_is_refused(name):
    with pytest.raises(InputError, match=f"MutualFormerHead cannot use {name}"):
        build_head(**{name: 1})


def test_unequal_numbers_of_levels_are_named():
    with pytest.raises(InputError, match=r"patch_strides \(2, 1, 1\) .* equally many levels"):
        build_head(patch_strides=(2, 1, 1))


def test_padding_of_a_mask_counts_as_background():
    head, masks = build_head().eval(), squares()
    padded = masks.clone()
    padded[:, :, 60:] = 255
    losses = [head.loss(features(), samples(found), None) for found in (masks, padded)]
    assert losses[0] == losses[1]


def test_switching_to_f3nets_cross_entropy_changes_the_loss():
    losses = [
        build_head(loss_decode={"type": "PixelPositionAwareLoss", "weighted_bce": weighted})
        .eval()
        .loss(features(), samples(squares()), None)["decoder2.loss_ppa"]
        for weighted in (True, False)
    ]
    assert losses[0] != losses[1]


@pytest.mark.parametrize(
    "fusion",
    [
        {"variant": "add"},
        {"variant": "concatenate"},
        {"variant": "transformer"},
        {"variant": "cross_attention"},
        {"variant": "cross_diffusion"},
        {"depth": 1},
        {"depth": 3},
        {"epsilon": 0.0},
        {"epsilon": 1.0},
        {"stack": "update_streams"},
        {"stack": "renew_fused"},
        {"reading": "official"},
    ],
    ids=str,
)
def test_the_ablations_train(fusion):
    head = build_head(detail="none", **{f"fusion.{key}": value for key, value in fusion.items()})
    losses = head.loss(features(), samples(squares()), None)
    sum(losses.values()).backward()
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in head.parameters())


def test_initialization():
    head = build_head(channels=32)
    head.init_weights()
    conv = head.decoders[0].merge[0].fine[0]
    assert conv.conv.weight.std().item() == pytest.approx((2 / (32 * 9)) ** 0.5, rel=0.05)
    assert (conv.bn.weight == 1).all()
    embed = head.levels[0].fuse.embed.weight
    assert embed.std().item() == pytest.approx((2 / (2 * 2 * 32)) ** 0.5, rel=0.05)
    linear = head.levels[0].fuse.fusion.fuse.layers[0].fuse
    assert linear.weight.std().item() == pytest.approx(0.02, rel=0.1) and (linear.bias == 0).all()
    assert head.levels[0].fuse.positions.std().item() == pytest.approx(0.02, rel=0.1)
