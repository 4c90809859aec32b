"""The maximum mean discrepancy, with which MUN aligns modalities.

Gretton et al., "A Kernel Two-Sample Test", JMLR 2012, https://jmlr.org/papers/v13/gretton12a.html; MUN: ICCV 2023,
section 3.4, eq. 15, https://arxiv.org/abs/2309.06262
"""

from typing import cast

import torch
from torch import Tensor

from fastreid_mm.layers.shapes import require_shapes
from fastreid_mm.losses.full_precision import full_precision
from fastreid_mm.losses.geometry import euclidean_matrix, over_identities, same_identity


@full_precision
def maximum_mean_discrepancy(x: Tensor, y: Tensor, num_kernels: int = 5) -> Tensor:
    """Measure how far two sets of samples are apart in distribution: 0 if equal, at most ``2 * num_kernels``.

        L = mean K(x, x') + mean K(y, y') - 2 mean K(x, y),    K(a, b) = sum_k exp(-|a - b|^2 / w_k)

    The widths w_k of the Gaussian kernels double from one to the next, around the mean squared distance of the joint
    set. This is the biased estimate: the distance of a sample to itself counts, so that few samples of one distribution
    do not reach zero (about 1.5 for two sets of four).

    Args:
        x: (n, D).
        y: (m, D).
        num_kernels: how many kernels K sums.

    Returns:
        A 0-d tensor.

    Raises:
        ValueError: the shapes do not go together.

    Examples:
        >>> import torch
        >>> samples = torch.tensor([[0.0], [1.0], [2.0]])
        >>> maximum_mean_discrepancy(samples, samples), maximum_mean_discrepancy(samples, samples + 1e3)
        (tensor(0.), tensor(7.3606))
    """
    require_shapes(x=(x, "n D"), y=(y, "m D"))
    joint, split = torch.cat([x, y]), len(x)
    squared = euclidean_matrix(joint, joint).square()  # (n + m, n + m)
    # no gradient through the widths: they only set the scale of the distances
    kernel = _kernel(squared, squared.detach().sum() / (len(joint) ** 2 - len(joint)), num_kernels)
    return kernel[:split, :split].mean() + kernel[split:, split:].mean() - 2 * kernel[:split, split:].mean()


@full_precision
def identity_discrepancy(x: Tensor, y: Tensor, targets: Tensor, num_kernels: int = 5) -> Tensor:
    """Compute the mean of the :func:`maximum_mean_discrepancy` of each identity in two modalities (MUN, eq. 16).

    Args:
        x: (B, D), samples of one modality.
        y: (B, D), samples of the same identities in the other modality.
        targets: (B,) identity labels of both.
        num_kernels: how many kernels K sums.

    Returns:
        A 0-d tensor.

    Raises:
        ValueError: the shapes do not go together.

    Examples:
        >>> import torch
        >>> samples = torch.tensor([[0.0], [1.0], [5.0], [6.0]])
        >>> identity_discrepancy(samples, samples + 1e3, torch.tensor([0, 0, 1, 1]))
        tensor(7.1299)
    """
    targets = torch.as_tensor(targets, device=x.device)
    require_shapes(x=(x, "B D"), y=(y, "B D"), targets=(targets, "B"))
    joint, same = torch.cat([x, y]), same_identity(targets.repeat(2)).to(x.dtype)  # (2B, D), (2B, 2B)
    squared, count = euclidean_matrix(joint, joint).square(), same.sum(1)  # (2B, 2B), (2B,)
    mean = _within(squared.detach(), same) / (count.square() - count)  # (2B,)
    kernel = _kernel(squared, mean[:, None], num_kernels)
    # mean K(x, x') + mean K(y, y') - 2 mean K(x, y) is a sum over all pairs, whose sign says if they are of one side
    side = torch.ones_like(count).index_fill(0, torch.arange(len(x), len(joint), device=x.device), -1)
    discrepancy = _within(kernel * side[:, None] * side, same) / (count / 2).square()  # (2B,)
    return over_identities(discrepancy[: len(x)], targets, "mean")


def _kernel(squared: Tensor, mean: Tensor, num_kernels: int) -> Tensor:
    """(N, N) squared distances, and their mean that the widths are around, to the sums (N, N) of kernels."""
    width = mean / 2 ** (num_kernels // 2)
    return cast(Tensor, sum((-squared / (width * 2**k + 1e-9)).exp() for k in range(num_kernels)))


def _within(values: Tensor, same: Tensor) -> Tensor:
    """Sum the values (N, N) of the pairs of each sample's identity, (N,)."""
    return (same * (same * values).sum(1)).sum(1)
