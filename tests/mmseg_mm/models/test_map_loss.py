"""Losses of mmsegmentation on one channel of saliency logits."""

import pytest
import torch
from mmseg.registry import MODELS

from fastreid_mm.common.errors import InputError
from mmseg_mm.models.map_loss import MapLoss
from tests.mmseg_mm.small_model import squares

LOSSES = {
    "CrossEntropyLoss": {"use_sigmoid": True},
    "DiceLoss": {},
    "FocalLoss": {},
    "PixelPositionAwareLoss": {},
    "LovaszLoss": {"loss_type": "binary", "per_image": True},
}


def made(name, **options):
    return MapLoss(MODELS.build({"type": name, **options}))


@pytest.mark.parametrize("name", LOSSES)
def test_a_right_map_costs_less_than_a_wrong_one(name):
    mask = squares() == 1
    right = torch.where(mask, 5.0, -5.0)
    loss = made(name, **LOSSES[name])
    assert loss(right, mask) < 0.1 < loss(-right, mask)
    assert loss(right, mask).ndim == 0 and loss.name.startswith("loss_")


def test_dice_is_of_the_object():
    """Called as the host calls it, it is that of the background."""
    torch.manual_seed(0)
    mask, logits = squares() == 1, torch.randn(2, 1, 64, 64)
    probability, object_ = logits.sigmoid().flatten(1), mask.float().flatten(1)
    expected = 1 - 2 * (probability * object_).sum(1) / ((probability**2).sum(1) + object_.sum(1) + 2e-3)
    assert made("DiceLoss")(logits, mask).item() == pytest.approx(expected.mean().item(), rel=1e-5)


@pytest.mark.parametrize("name", ["CrossEntropyLoss", "TverskyLoss", "HuasdorffDisstanceLoss", "OhemCrossEntropy"])
def test_losses_for_several_classes_are_refused(name):
    with pytest.raises(InputError, match=f"loss_decode {name} .* one channel"):
        made(name)
