import math

import pytest
import torch
import torch.nn.functional as F

from fastreid_mm.losses import pixel_position_aware


def entropy(logit, label):
    return math.log1p(math.exp(-abs(logit))) + max(logit, 0) - logit * label


def naive_image(logits, mask, weighted_bce):
    height, width = len(mask), len(mask[0])
    pixels = [(i, j) for i in range(height) for j in range(width)]

    def weight(i, j):
        around = sum(mask[y][x] for y, x in pixels if abs(y - i) <= 15 and abs(x - j) <= 15) / 31**2
        return 1 + 5 * abs(around - mask[i][j])

    weights = {(i, j): weight(i, j) for i, j in pixels}
    for_bce = weights if weighted_bce else dict.fromkeys(pixels, 1)
    bce = sum(for_bce[i, j] * entropy(logits[i][j], mask[i][j]) for i, j in pixels) / sum(for_bce.values())
    p = {(i, j): 1 / (1 + math.exp(-logits[i][j])) for i, j in pixels}
    inter = sum(weights[i, j] * p[i, j] * mask[i][j] for i, j in pixels)
    union = sum(weights[i, j] * (p[i, j] + mask[i][j]) for i, j in pixels) - inter
    return (bce + 1 - (inter + 1) / (union + 1)) / 2


def batch(dtype, size=(20, 18)):
    torch.manual_seed(0)
    mask = (torch.rand(2, 1, *size, dtype=dtype) > 0.6).to(dtype)
    mask[1] = 0
    mask[1, :, 4:9, 3:12] = 1
    return 3 * torch.randn(2, 1, *size, dtype=dtype), mask


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("weighted_bce", [True, False])
def test_equals_the_loop(dtype, weighted_bce):
    logits, mask = batch(dtype)
    loss = pixel_position_aware(logits, mask, weighted_bce)
    expected = [naive_image(x[0].tolist(), y[0].tolist(), weighted_bce) for x, y in zip(logits, mask)]
    assert loss.shape == () and loss.dtype == dtype
    assert loss.item() == pytest.approx(sum(expected) / 2, rel=1e-5)


def test_f3nets_released_call_is_the_plain_mean():
    """The reason for ``weighted_bce=False``: PyTorch's legacy ``reduce`` argument takes any string for true."""
    logits, mask = batch(torch.float32)
    with pytest.warns(UserWarning, match="reduce"):
        released = F.binary_cross_entropy_with_logits(logits, mask, reduce="none")
    assert released.shape == ()
    overlap = pixel_position_aware(logits, mask, False) * 2 - released
    assert 0 < overlap < 1


def test_a_perfect_prediction_costs_nothing_and_edges_cost_most():
    _, mask = batch(torch.float32)
    assert pixel_position_aware(200 * mask - 100, mask).item() == pytest.approx(0, abs=1e-12)
    mask = torch.zeros(1, 1, 80, 80)
    mask[..., :40] = 1

    def loss_with_an_error_at(column):
        logits = 20 * mask - 10
        logits[0, 0, 40, column] *= -1
        return pixel_position_aware(logits, mask)

    assert loss_with_an_error_at(39) > 1.5 * loss_with_an_error_at(20)


def test_masks_of_any_type():
    logits, mask = batch(torch.float32)
    for dtype in (torch.uint8, torch.int64, torch.bool):
        assert pixel_position_aware(logits, mask.to(dtype)) == pixel_position_aware(logits, mask)


@pytest.mark.parametrize("weighted_bce", [True, False])
@pytest.mark.parametrize("logit", [-1e4, 1e4])
def test_gradient_is_finite_at_extreme_logits(weighted_bce, logit):
    for mask in (torch.zeros(1, 1, 8, 8), torch.ones(1, 1, 8, 8)):
        logits = torch.full_like(mask, logit).requires_grad_()
        loss = pixel_position_aware(logits, mask, weighted_bce)
        loss.backward()
        assert loss.isfinite() and logits.grad.isfinite().all()
