import pytest
import torch

from mmseg_mm.errors import InputError
from tests.mmseg_mm.small_model import build_head, samples, squares

SIZES = ((16, 16), (8, 32), (4, 64), (2, 128))  # side and channels of each level of a 64 x 64 image


def features(count=2):
    torch.manual_seed(0)
    return [tuple(torch.rand(2, count, channels, side, side)) for side, channels in SIZES]


class One(torch.nn.Module):
    """A loss of one for every map."""

    def forward(self, *maps):
        assert all(x.shape[-2:] == (64, 64) for x in maps)
        return maps[0].mean() * 0 + 1


def test_weights_of_the_maps_and_of_the_regularization():
    """Eq. 14 and 15: both decoders by half, levels 1/2, 1/4, 1/8 and 1/16; every level's regularization fully."""
    head = build_head(regularization=0.4)
    head.loss_decode = head.loss_regularization = One()
    losses = head.loss(features(), samples(squares()), None)
    assert losses["loss_saliency"].item() == pytest.approx(0.6 * (1 + 1 / 2 + 1 / 4 + 1 / 8 + 1 / 16))
    assert losses["loss_regularization"].item() == pytest.approx(0.4 * 4)


def test_regularization_is_a_share():
    losses = {}
    for share in (0.4, 0.8):
        head = build_head(regularization=share).eval()
        losses[share] = head.loss(features(), samples(squares()), None)
    assert losses[0.4]["loss_saliency"].item() == pytest.approx(3 * losses[0.8]["loss_saliency"].item(), rel=1e-5)
    assert 2 * losses[0.4]["loss_regularization"].item() == pytest.approx(
        losses[0.8]["loss_regularization"].item(), rel=1e-5)


def test_without_regularization_there_are_no_maps_for_it():
    head = build_head(regularization=0)
    assert set(head.loss(features(), samples(squares()), None)) == {"loss_saliency"}
    assert not [name for name, _ in head.named_parameters() if name.startswith("modality_seg")]
    with pytest.raises(InputError, match="regularization 1 is not in"):
        build_head(regularization=1)


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
    losses = [build_head(loss_decode={"type": "PixelPositionAwareLoss", "weighted_bce": weighted}).eval().loss(
        features(), samples(squares()), None)["loss_saliency"] for weighted in (True, False)]
    assert losses[0] != losses[1]


@pytest.mark.parametrize("fusion", [
    {"variant": "add"}, {"variant": "concatenate"}, {"variant": "transformer"}, {"variant": "cross_attention"},
    {"variant": "cross_diffusion"}, {"depth": 1}, {"depth": 3}, {"epsilon": 0.0}, {"epsilon": 1.0},
    {"stack": "update_streams"}, {"stack": "renew_fused"}, {"reading": "official"}], ids=str)
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
