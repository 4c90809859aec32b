import math

import pytest
import torch

from fastreid_mm.losses import modality_consistency
from fastreid_mm.losses.modality_consistency import both_modalities_consistency

TARGETS, REFERENCE = torch.tensor([7, 3, 3, 9]), torch.tensor([3, 9, 3, 7, 9, 9, 5])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equals_the_loop(dtype):
    torch.manual_seed(0)
    compensated, reference = torch.randn(4, 2, 3, dtype=dtype), torch.randn(7, 2, 3, dtype=dtype)
    expected = 0.0
    for made_up, label in zip(compensated.flatten(1).tolist(), TARGETS.tolist()):
        real = reference[REFERENCE.eq(label)].flatten(1).tolist()
        expected += math.dist(made_up, [sum(column) / len(real) for column in zip(*real)]) / 4
    loss = modality_consistency(compensated, TARGETS, reference, REFERENCE)
    assert loss.shape == () and loss.dtype == dtype
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_centers_move_unless_detached():
    compensated = torch.randn(4, 2, 3, requires_grad=True)
    reference = torch.randn(7, 2, 3, requires_grad=True)
    modality_consistency(compensated, TARGETS, reference, REFERENCE).backward()
    assert compensated.grad.abs().sum() > 0
    assert reference.grad[:6].abs().sum() > 0 and not reference.grad[6].any()  # nobody is compared with identity 5


def test_the_gradient_at_the_centre_is_finite():
    compensated = torch.ones(4, 2, 3, requires_grad=True)
    loss = modality_consistency(compensated, TARGETS, torch.ones(7, 2, 3), REFERENCE)
    loss.backward()
    assert loss < 1e-5 and compensated.grad.isfinite().all()


@pytest.mark.parametrize("label", [1, 4, 11])
def test_an_identity_without_reference_is_named(label):
    with pytest.raises(ValueError, match=f"identity {label}"):
        modality_consistency(torch.randn(2, 2, 3), torch.tensor([3, label]), torch.randn(7, 2, 3), REFERENCE)


def test_without_any_reference_an_identity_is_named():
    with pytest.raises(ValueError, match="of nothing: reference is"):
        modality_consistency(torch.randn(1, 2, 3), torch.tensor([3]), torch.randn(0, 2, 3), REFERENCE[:0])


def test_that_of_both_modalities_is_the_sum_of_each_ones():
    torch.manual_seed(0)
    targets, infrared = torch.tensor([3, 7, 3, 7, 7, 3, 3]), torch.tensor([0, 1, 1, 0, 1, 0, 0]).bool()
    compensated, reference = (torch.randn(7, 2, 3, requires_grad=True) for _ in range(2))
    expected = sum(
        modality_consistency(compensated[~real], targets[~real], reference[real], targets[real])
        for real in (infrared, ~infrared)
    )
    loss = both_modalities_consistency(compensated, reference, targets, infrared.long())
    torch.testing.assert_close(loss, expected)
    inputs = compensated, reference
    torch.testing.assert_close(*(torch.autograd.grad(each, inputs) for each in (loss, expected)))
