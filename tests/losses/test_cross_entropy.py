import pytest
import torch
from fastreid.modeling.losses import cross_entropy_loss
from torch.nn import functional as F

from fastreid_mm.losses import smoothed_cross_entropy


@pytest.fixture
def scores():
    torch.manual_seed(0)
    return torch.randn(6, 5, requires_grad=True), torch.tensor([0, 4, 2, 2, 1, 3])


@pytest.mark.parametrize("epsilon", [0.0, 0.1, 0.7, -1.0])
def test_it_is_fast_reids(scores, epsilon):
    torch.testing.assert_close(smoothed_cross_entropy(*scores, epsilon, 0.3), cross_entropy_loss(*scores, epsilon, 0.3))


@pytest.mark.parametrize("epsilon", [0.0, 0.1, 0.7])
def test_uniform_smoothing_is_pytorchs(scores, epsilon):
    found = smoothed_cross_entropy(*scores, epsilon, uniform=True)
    torch.testing.assert_close(found, F.cross_entropy(*scores, label_smoothing=epsilon))


def test_half_precision_is_computed_in_float32(scores):
    logits, targets = scores
    assert smoothed_cross_entropy(logits.bfloat16(), targets).dtype == torch.float32
    assert smoothed_cross_entropy(logits.double(), targets).dtype == torch.float64


def test_labels_of_another_length_are_refused(scores):
    with pytest.raises(ValueError, match="targets"):
        smoothed_cross_entropy(scores[0], scores[1][:3])
