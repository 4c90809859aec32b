import math

import pytest
import torch
import torch.nn.functional as F

from fastreid_mm.losses import cross_modal_focal


def naive(logits_a, logits_b, mask, alpha, gamma):
    total, rows = 0.0, list(zip(logits_a.flatten().tolist(), logits_b.flatten().tolist(), mask.flatten().tolist()))
    for a, b, label in rows:
        p, q = (1 / (1 + math.exp(-x if label else x)) for x in (a, b))
        for own, other in ((p, q), (q, p)):
            total += alpha * (1 - other * 2 * own * other / (own + other)) ** gamma * -math.log(own)
    return total / len(rows)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("alpha, gamma", [(1, 2), (0.5, 3), (1, 0.5), (1, 0)])
def test_equals_the_loop(dtype, alpha, gamma):
    torch.manual_seed(0)
    logits, mask = 3 * torch.randn(2, 2, 1, 5, 4, dtype=dtype), (torch.rand(2, 1, 5, 4) > 0.5)
    loss = cross_modal_focal(*logits, mask, alpha, gamma)
    assert loss.shape == () and loss.dtype == dtype
    assert loss.item() == pytest.approx(naive(*logits, mask, alpha, gamma), rel=1e-5)


def test_gamma_zero_is_two_cross_entropies():
    torch.manual_seed(0)
    logits, mask = torch.randn(2, 2, 1, 5, 4), (torch.rand(2, 1, 5, 4) > 0.5).float()
    plain = sum(F.binary_cross_entropy_with_logits(x, mask) for x in logits)
    assert cross_modal_focal(*logits, mask, gamma=0).item() == pytest.approx(plain.item(), rel=1e-6)


def test_an_error_costs_less_where_the_other_modality_is_right():
    """w(p, q) = 2 p q^2 / (p + q) is 1/4 for two modalities in doubt, and 2/3 for one in doubt next to a sure one."""
    mask, unsure = torch.ones(1, 1, 2, 2), torch.zeros(1, 1, 2, 2)
    assert cross_modal_focal(unsure, unsure, mask).item() == pytest.approx(2 * (3 / 4) ** 2 * math.log(2))
    sure = torch.full_like(mask, 100)
    assert cross_modal_focal(unsure, sure, mask).item() == pytest.approx((1 / 3) ** 2 * math.log(2))


def test_gradients_flow_through_the_weight_too():
    torch.manual_seed(0)
    logits_a, logits_b = (torch.randn(1, 1, 3, 2, dtype=torch.float64, requires_grad=True) for _ in range(2))
    mask = torch.tensor([0, 1, 1, 0, 1, 0]).view(1, 1, 3, 2)
    assert torch.autograd.gradcheck(lambda a, b: cross_modal_focal(a, b, mask), (logits_a, logits_b))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("gamma", [2, 0.5])
def test_gradient_is_finite_at_extreme_logits(dtype, gamma):
    extremes = torch.tensor([-1e4, -200, 0, 200, 1e4], dtype=dtype)
    logits_a, logits_b = (
        grid.reshape(1, 1, 5, 5).clone().requires_grad_() for grid in torch.meshgrid(extremes, extremes, indexing="ij")
    )
    for label in (0, 1):
        loss = cross_modal_focal(logits_a, logits_b, torch.full((1, 1, 5, 5), label), gamma=gamma)
        loss.backward()
        assert loss.isfinite() and logits_a.grad.isfinite().all() and logits_b.grad.isfinite().all()
