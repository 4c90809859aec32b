import math

import pytest
import torch

from fastreid_mm.losses import hetero_center_triplet

TARGETS, MODALITIES = torch.tensor([5, 5, 2, 2, 9, 9, 9] * 2), torch.tensor([0] * 7 + [1] * 7)


def naive(features, margin):
    centers = {}
    for modality in (0, 1):
        for label in (2, 5, 9):
            rows = features[TARGETS.eq(label) & MODALITIES.eq(modality)].tolist()
            centers[label, modality] = [sum(column) / len(rows) for column in zip(*rows)]
    total = 0.0
    for (label, _), anchor in centers.items():
        near = max(math.dist(anchor, center) for (other, _), center in centers.items() if other == label)
        far = min(math.dist(anchor, center) for (other, _), center in centers.items() if other != label)
        total += max(0.0, margin + near - far)
    return total / len(centers)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("margin", [0.3, 2.0])
def test_equals_the_loop(margin, dtype):
    torch.manual_seed(0)
    features = torch.randn(14, 5, dtype=dtype)
    loss = hetero_center_triplet(features, TARGETS, MODALITIES, margin)
    assert loss.shape == () and loss.dtype == dtype
    assert loss.item() == pytest.approx(naive(features, margin), rel=1e-5)
    assert naive(features, margin) > 0


def test_the_order_of_the_batch_does_not_matter():
    torch.manual_seed(0)
    features, order = torch.randn(14, 5), torch.randperm(14)
    torch.testing.assert_close(
        hetero_center_triplet(features, TARGETS, MODALITIES),
        hetero_center_triplet(features[order], TARGETS[order], MODALITIES[order]),
    )


def test_centers_that_coincide_cost_the_margin_and_have_a_finite_gradient():
    features = torch.ones(14, 5, requires_grad=True)
    loss = hetero_center_triplet(features, TARGETS, MODALITIES)
    loss.backward()
    assert loss.item() == pytest.approx(0.3) and features.grad.isfinite().all()


def test_identities_far_apart_cost_nothing():
    features = 10 * torch.eye(10)[TARGETS]
    assert hetero_center_triplet(features, TARGETS, MODALITIES).item() == 0


def test_batches_without_triplets_are_refused():
    with pytest.raises(ValueError, match="both modalities"):
        hetero_center_triplet(torch.randn(3, 2), torch.tensor([0, 1, 0]), torch.tensor([0, 0, 1]))
    with pytest.raises(ValueError, match="two identities or more, the batch of 2 samples has 1"):
        hetero_center_triplet(torch.randn(2, 2), torch.tensor([4, 4]), torch.tensor([0, 1]))
