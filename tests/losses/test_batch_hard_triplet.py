import pytest
import torch

from fastreid_mm.losses import batch_hard_triplet


def naive(features, targets, margin):
    total = 0.0
    for i in range(len(features)):
        distance = [(features[i] - other).norm().item() for other in features]
        farthest = max(d for d, label in zip(distance, targets) if label == targets[i])
        nearest = min(d for d, label in zip(distance, targets) if label != targets[i])
        total += max(0.0, margin + farthest - nearest)
    return total / len(features)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("margin", [0.3, 2.0])
def test_equals_the_loop(dtype, margin):
    torch.manual_seed(0)
    features, targets = torch.randn(24, 5, dtype=dtype), torch.arange(6).repeat(4)
    loss = batch_hard_triplet(features, targets, margin)
    assert loss.shape == () and loss.dtype == dtype
    assert loss.item() == pytest.approx(naive(features, targets, margin), rel=1e-5)


def test_separated_identities_cost_nothing():
    features = torch.tensor([[0.0], [0.1], [1.0], [1.1]])
    assert batch_hard_triplet(features, torch.tensor([4, 4, 2, 2])) == 0
    assert batch_hard_triplet(features, torch.tensor([4, 4, 2, 2]), margin=1.0) > 0


def test_gradient_is_finite_when_features_coincide():
    features = torch.ones(4, 3, requires_grad=True)
    batch_hard_triplet(features, torch.tensor([0, 0, 1, 1])).backward()
    assert features.grad.isfinite().all()


def test_a_single_identity_is_refused():
    with pytest.raises(ValueError, match="two identities or more, the batch of 4 samples has 1"):
        batch_hard_triplet(torch.randn(4, 3), torch.zeros(4))
