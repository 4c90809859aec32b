import math

import pytest
import torch

from fastreid_mm.losses import modality_aware_center

DISTANCES = {
    "cosine": lambda a, b: 1 - sum(x * y for x, y in zip(a, b)) / math.hypot(*a) / math.hypot(*b),
    "l1": lambda a, b: sum(abs(x - y) for x, y in zip(a, b)),
    "l2": lambda a, b: math.dist(a, b),
    "smooth_l1": lambda a, b: sum(d * d / 2 if d < 1 else d - 0.5 for d in (abs(x - y) for x, y in zip(a, b))),
}


def naive(features, targets, distance):
    rows, total = features.tolist(), 0.0
    for row, label in zip(rows, targets.tolist()):
        members = [other for other, name in zip(rows, targets.tolist()) if name == label]
        center = [sum(column) / len(members) for column in zip(*members)]
        total += math.log1p(math.exp(DISTANCES[distance](row, center)))
    return total


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("distance", DISTANCES)
def test_equals_the_loop(distance, dtype):
    torch.manual_seed(0)
    features, targets = torch.randn(12, 5, dtype=dtype), torch.tensor([7, 3, 3] * 4)
    expected = naive(features, targets, distance)
    assert modality_aware_center(features, targets, distance, "sum").item() == pytest.approx(expected, rel=1e-5)
    assert modality_aware_center(features, targets, distance).item() == pytest.approx(expected / 12, rel=1e-5)


def test_a_cosine_term_lies_between_ln_2_and_2_127():
    same = torch.ones(4, 3)
    assert modality_aware_center(same, torch.zeros(4)).item() == pytest.approx(math.log(2), abs=1e-6)
    # three images one way, one the other: that one is at distance 2 from the centre
    opposed = torch.tensor([[1.0, 0.0]] * 3 + [[-1.0, 0.0]])
    total = modality_aware_center(opposed, torch.zeros(4), reduction="sum").item()
    assert total - 3 * math.log(2) == pytest.approx(math.log1p(math.exp(2)), abs=1e-5)
    assert math.log1p(math.exp(2)) == pytest.approx(2.127, abs=1e-3)


@pytest.mark.parametrize("options", [{"distance": "l3"}, {"reduction": "max"}])
def test_unknown_options_are_named(options):
    with pytest.raises(ValueError, match=next(iter(options.values()))):
        modality_aware_center(torch.randn(4, 2), torch.zeros(4), **options)
