import pytest
import torch

from fastreid_mm.losses import identity_alignment


def naive(visible, infrared, auxiliary, targets, margin):
    labels = sorted(set(targets.tolist()))
    centers = [{label: x[targets == label].mean(0) for label in labels} for x in (visible, infrared, auxiliary)]
    total = 0.0
    for label in labels:
        anchor = centers[2][label]
        own = max((anchor - centers[m][label]).norm().item() for m in (0, 1))
        nearest = min((anchor - centers[m][q]).norm().item() for m in (0, 1) for q in labels if q != label)
        total += max(0.0, margin + own - nearest)
    return total


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("margin", [0.55, 3.0])
def test_equals_the_loop(dtype, margin):
    torch.manual_seed(0)
    features, targets = torch.randn(3, 12, 5, dtype=dtype), torch.tensor([7, 3, 5, 3] * 3)
    loss = identity_alignment(*features, targets, margin=margin)
    assert loss.shape == () and loss.dtype == dtype
    assert loss.item() == pytest.approx(naive(*features, targets, margin), rel=1e-5)


def test_aligned_identities_cost_nothing_and_only_the_auxiliary_centre_is_an_anchor():
    targets = torch.tensor([0, 1])
    centers = torch.tensor([[0.0, 0.0], [2.0, 0.0]])
    assert identity_alignment(centers, centers, centers, targets) == 0
    # visible and infrared swap people: each anchor is 0 away from the other person's visible centre and 2 from its own
    swapped = centers.flip(0)
    assert identity_alignment(swapped, centers, centers, targets).item() == pytest.approx(2 * (0.55 + 2))


def test_a_single_identity_is_refused():
    with pytest.raises(ValueError, match="two identities or more, the batch of 4 samples has 1"):
        identity_alignment(*torch.randn(3, 4, 2), torch.zeros(4))
