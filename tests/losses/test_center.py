import pytest
import torch

from fastreid_mm.losses import center_loss, hetero_center


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_center_loss_equals_the_loop(dtype):
    torch.manual_seed(0)
    features, targets = torch.randn(6, 4, dtype=dtype), torch.tensor([0, 2, 1, 2, 0, 0])
    centers = torch.randn(3, 4, dtype=dtype)
    expected = sum(0.5 * ((f - centers[t]) ** 2).sum().item() for f, t in zip(features, targets)) / 6
    assert center_loss(features, targets, centers).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_hetero_center_equals_the_loop(dtype):
    torch.manual_seed(0)
    features, targets = torch.randn(12, 4, dtype=dtype), torch.tensor([5, 5, 2, 2, 9, 9] * 2)
    modalities = torch.tensor([0] * 6 + [1] * 6)
    expected = 0.0
    for label in (2, 5, 9):
        visible = features[(targets == label) & (modalities == 0)].mean(0)
        infrared = features[(targets == label) & (modalities == 1)].mean(0)
        expected += ((visible - infrared) ** 2).sum().item() / 3
    assert hetero_center(features, targets, modalities).item() == pytest.approx(expected, rel=1e-5)
    total = hetero_center(features, targets, modalities, reduction="sum")
    assert total.item() == pytest.approx(3 * expected, rel=1e-5)
    with pytest.raises(ValueError, match="'max'"):
        hetero_center(features, targets, modalities, reduction="max")


def test_hetero_center_refuses_an_identity_of_one_modality():
    with pytest.raises(ValueError, match="both modalities"):
        hetero_center(torch.randn(3, 2), torch.tensor([0, 1, 0]), torch.tensor([0, 0, 1]))


def test_hetero_center_drops_no_image_of_another_modality():
    with pytest.raises(ValueError, match=r"0 for visible and 1 for infrared, not \[0, 1, 2\]"):
        hetero_center(torch.randn(3, 2), torch.tensor([0, 0, 0]), torch.tensor([0, 1, 2]))
