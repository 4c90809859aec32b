import math

import pytest
import torch

from fastreid_mm.losses import heterogeneous_score_coherence


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equals_the_loop(dtype):
    torch.manual_seed(0)
    a, b = torch.randn(2, 6, 5, dtype=dtype)
    expected = sum(
        1 - sum(x * y for x, y in zip(p, q)) / math.hypot(*p) / math.hypot(*q) for p, q in zip(a.tolist(), b.tolist())
    )
    loss = heterogeneous_score_coherence(a, b)
    assert loss.shape == () and loss.dtype == dtype and loss.item() == pytest.approx(expected, rel=1e-5)


def test_nothing_between_scores_that_agree_and_finite_at_zero():
    scores = torch.randn(4, 5)
    assert heterogeneous_score_coherence(scores, 3 * scores).item() == pytest.approx(0, abs=1e-5)
    zero = torch.zeros(4, 5, requires_grad=True)
    heterogeneous_score_coherence(zero, scores).backward()
    assert zero.grad.isfinite().all()
