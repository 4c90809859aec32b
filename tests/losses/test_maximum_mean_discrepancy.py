import math

import pytest
import torch

from fastreid_mm.losses import maximum_mean_discrepancy
from fastreid_mm.losses.maximum_mean_discrepancy import identity_discrepancy


def naive(x, y, num_kernels):
    joint = [row.tolist() for row in torch.cat([x, y])]
    size, split = len(joint), len(x)
    squared = [[math.dist(a, b) ** 2 for b in joint] for a in joint]
    width = sum(map(sum, squared)) / (size**2 - size) / 2 ** (num_kernels // 2)

    def kernel(i, j):
        return sum(math.exp(-squared[i][j] / (width * 2**k + 1e-9)) for k in range(num_kernels))

    first, second = range(split), range(split, size)
    return (
        sum(kernel(i, j) for i in first for j in first) / split**2
        + sum(kernel(i, j) for i in second for j in second) / (size - split) ** 2
        - 2 * sum(kernel(i, j) for i in first for j in second) / split / (size - split)
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("sizes", [(4, 4), (5, 3)])
@pytest.mark.parametrize("num_kernels", [5, 2])
def test_equals_the_loop(dtype, sizes, num_kernels):
    torch.manual_seed(0)
    x, y = (torch.randn(size, 6, dtype=dtype) for size in sizes)
    loss = maximum_mean_discrepancy(x, y, num_kernels)
    assert loss.shape == () and loss.dtype == dtype
    assert loss.item() == pytest.approx(naive(x, y, num_kernels), rel=1e-4)


def test_equal_sets_are_at_zero_and_far_ones_near_the_bound():
    torch.manual_seed(0)
    x = torch.randn(4, 2048)
    assert maximum_mean_discrepancy(x, x).item() == pytest.approx(0, abs=1e-5)
    assert maximum_mean_discrepancy(x, x.flip(0)).item() == pytest.approx(0, abs=1e-5)
    far = maximum_mean_discrepancy(torch.zeros(4, 2048), torch.ones(4, 2048)).item()
    assert 5 < far < 10


def test_few_samples_of_one_law_do_not_reach_zero():
    torch.manual_seed(0)
    values = [maximum_mean_discrepancy(*torch.randn(2, 4, 2048)).item() for _ in range(20)]
    # in many dimensions all distances are alike, and a kernel is 1 on the diagonal and exp(-4 / 2^k) elsewhere
    expected = 2 * sum(1 - math.exp(-4 / 2**k) for k in range(5)) / 4
    assert sum(values) / 20 == pytest.approx(expected, abs=0.02)
    assert 1.5 < expected < 1.6


def test_the_width_gets_no_gradient():
    """Scaling everything changes nothing, so a width that learnt would make the gradient along the features zero."""
    torch.manual_seed(0)
    x, y = torch.randn(4, 3, requires_grad=True), torch.randn(4, 3, requires_grad=True)
    maximum_mean_discrepancy(x, y).backward()
    along = (x * x.grad).sum() + (y * y.grad).sum()
    assert along.abs() > 0.1


def test_gradient_is_finite_when_samples_coincide():
    x = torch.ones(4, 3, requires_grad=True)
    maximum_mean_discrepancy(x, torch.ones(4, 3)).backward()
    assert x.grad.isfinite().all()


@pytest.mark.parametrize("num_kernels", [5, 2])
def test_that_of_identities_is_the_mean_of_each_ones(num_kernels):
    torch.manual_seed(0)
    targets = torch.tensor([4, 1, 4, 1, 1, 7, 4])
    x, y = torch.randn(2, 7, 6).double().requires_grad_()
    members = [targets == label for label in (1, 4, 7)]
    expected = sum(maximum_mean_discrepancy(x[one], y[one], num_kernels) for one in members) / 3
    loss = identity_discrepancy(x, y, targets, num_kernels)
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(*(torch.autograd.grad(each, (x, y)) for each in (loss, expected)))
