import math

import pytest
import torch

from fastreid_mm.losses import weighted_regularized_triplet


def naive(features, targets):
    total = 0.0
    for i in range(len(features)):
        near = [(features[i] - features[j]).norm().item() for j in range(len(features)) if targets[j] == targets[i]]
        far = [(features[i] - features[j]).norm().item() for j in range(len(features)) if targets[j] != targets[i]]
        positive = sum(d * math.exp(d) for d in near) / sum(math.exp(d) for d in near)
        negative = sum(d * math.exp(-d) for d in far) / sum(math.exp(-d) for d in far)
        total += math.log1p(math.exp(positive - negative))
    return total / len(features)


@pytest.mark.parametrize("dtype, tolerance", [(torch.float32, 1e-5), (torch.float64, 1e-6)])
def test_equals_the_loop(dtype, tolerance):
    torch.manual_seed(0)
    features, targets = torch.randn(32, 8, dtype=dtype), torch.arange(8).repeat(4)
    loss = weighted_regularized_triplet(features, targets)
    assert loss.shape == () and loss.dtype == dtype
    assert loss.item() == pytest.approx(naive(features, targets), abs=tolerance)


def as_coded(features, targets):
    """AGW's code: 1e-6 in the denominators; negatives' exponents are not shifted by their maximum first."""
    total = 0.0
    for i in range(len(features)):
        near = [(features[i] - features[j]).norm().item() for j in range(len(features)) if targets[j] == targets[i]]
        far = [(features[i] - features[j]).norm().item() for j in range(len(features)) if targets[j] != targets[i]]
        positive = sum(d * math.exp(d - max(near)) for d in near) / (sum(math.exp(d - max(near)) for d in near) + 1e-6)
        negative = sum(d * math.exp(-d) for d in far) / (sum(math.exp(-d) for d in far) + 1e-6)
        total += math.log1p(math.exp(positive - negative))
    return total / len(features)


@pytest.mark.parametrize("size, same", [(0.5, True), (6.0, False)])
def test_equals_the_formula_at_all_distances_and_the_authors_code_at_small_ones(size, same):
    torch.manual_seed(0)
    targets = torch.arange(8).repeat(4)
    centers = torch.randn(8, 24, dtype=torch.float64)
    features = size * (0.7 * centers[targets] + 0.6 * torch.randn(32, 24, dtype=torch.float64))
    loss = weighted_regularized_triplet(features, targets).item()
    assert loss == pytest.approx(naive(features, targets), rel=1e-6)
    coded = as_coded(features, targets)
    assert abs(coded - loss) < 1e-4 if same else coded > 20 > 2 > loss  # no weight is left for the negatives


def test_separated_identities_cost_almost_nothing_and_mixed_ones_a_lot():
    targets = torch.tensor([0, 0, 1, 1])
    apart = torch.tensor([[0.0], [0.1], [50.0], [50.1]])
    assert weighted_regularized_triplet(apart, targets) < 1e-6
    assert weighted_regularized_triplet(apart, torch.tensor([0, 1, 0, 1])) > 10


def test_gradient_is_finite_when_features_coincide():
    features = torch.ones(4, 3, requires_grad=True)
    weighted_regularized_triplet(features, torch.tensor([0, 0, 1, 1])).backward()
    assert features.grad.isfinite().all()


def test_a_single_identity_is_refused():
    with pytest.raises(ValueError, match="two identities or more, the batch of 4 samples has 1"):
        weighted_regularized_triplet(torch.randn(4, 3), torch.zeros(4))
