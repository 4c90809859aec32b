"""The maximum mean discrepancy, with which MUN aligns modalities.

Gretton et al., "A Kernel Two-Sample Test", JMLR 2012, https://jmlr.org/papers/v13/gretton12a.html; MUN: ICCV 2023,
section 3.4, eq. 15, https://arxiv.org/abs/2309.06262
"""

from torch import Tensor, cat

from fastreid_mm.layers.shapes import require_shapes
from fastreid_mm.losses.full_precision import full_precision
from fastreid_mm.losses.geometry import euclidean_matrix


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

    Example:
        >>> import torch
        >>> samples = torch.tensor([[0.0], [1.0], [2.0]])
        >>> maximum_mean_discrepancy(samples, samples), maximum_mean_discrepancy(samples, samples + 1e3)
        (tensor(0.), tensor(7.3606))
    """
    require_shapes(x=(x, "n D"), y=(y, "m D"))
    joint, split = cat([x, y]), len(x)
    squared = euclidean_matrix(joint, joint).square()  # (n + m, n + m)
    # no gradient through the widths: they only set the scale of the distances
    width = squared.detach().sum() / (len(joint) ** 2 - len(joint)) / 2 ** (num_kernels // 2)
    kernel = sum((-squared / (width * 2**k + 1e-9)).exp() for k in range(num_kernels))
    return kernel[:split, :split].mean() + kernel[split:, split:].mean() - 2 * kernel[:split, split:].mean()
