import math
from itertools import combinations

import pytest
import torch

from fastreid_mm.losses import multi_modal_margin

TARGETS = torch.tensor([4, 1, 4, 1, 1, 9])


def naive(features, margin, distance, reduction, normalize):
    total = 0.0
    for label in (1, 4, 9):
        rows = [row for row, target in zip(features.tolist(), TARGETS.tolist()) if target == label]
        if normalize:
            rows = [[[value / math.hypot(*own) for value in own] for own in row] for row in rows]
        centers = [[sum(values) / len(rows) for values in zip(*(row[m] for row in rows))] for m in range(len(rows[0]))]
        found = [math.dist(a, b) for a, b in combinations(centers, 2)]
        found = [each**2 for each in found] if distance == "l2sq" else found
        total += max(abs(margin - each) for each in found)
    return total if reduction == "sum" else total / 3


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("distance", ["l2sq", "l2"])
@pytest.mark.parametrize("reduction, normalize", [("sum", True), ("mean", False)])
@pytest.mark.parametrize("modalities", [2, 3])
def test_equals_the_loop(dtype, distance, reduction, normalize, modalities):
    torch.manual_seed(0)
    features = torch.randn(6, modalities, 5, dtype=dtype)
    loss = multi_modal_margin(features, TARGETS, 0.7, distance, reduction, normalize)
    assert loss.shape == () and loss.dtype == dtype
    assert loss.item() == pytest.approx(naive(features, 0.7, distance, reduction, normalize), rel=1e-5)


def test_zero_when_every_pair_is_at_the_margin():
    features = torch.eye(3).expand(6, 3, 3)  # unit vectors, squared distances of 2
    assert multi_modal_margin(features, TARGETS, margin=2.0).item() == pytest.approx(0, abs=1e-6)
    assert multi_modal_margin(features, TARGETS, margin=2.0**0.5, distance="l2").item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("distance", ["l2sq", "l2"])
def test_modalities_that_coincide_have_a_finite_gradient(distance):
    features = torch.ones(6, 3, 4, requires_grad=True)
    multi_modal_margin(features, TARGETS, distance=distance).backward()
    assert features.grad.isfinite().all()


def test_what_makes_no_sense_is_refused():
    features = torch.randn(6, 2, 3)
    for arguments in ({"distance": "cos"}, {"reduction": "max"}):
        with pytest.raises(ValueError, match=next(iter(arguments.values()))):
            multi_modal_margin(features, TARGETS, **arguments)
    with pytest.raises(ValueError, match="two modalities"):
        multi_modal_margin(features[:, :1], TARGETS)
