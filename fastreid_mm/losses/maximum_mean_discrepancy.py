"""Maximum mean discrepancy (Gretton et al., JMLR 2012), as MUN aligns modalities with it (section 3.4, eq. 15)."""

from torch import Tensor, cat

from fastreid_mm.layers.shapes import require_shapes
from fastreid_mm.losses.geometry import euclidean_matrix


def maximum_mean_discrepancy(x: Tensor, y: Tensor, num_kernels: int = 5) -> Tensor:
    """How far two sets of samples are from one law: zero for equal sets, at most ``2 * num_kernels``.

    ``mean K(x, x') + mean K(y, y') - 2 mean K(x, y)`` with K a sum of Gaussian kernels ``exp(-|a - b|^2 / w_k)``, whose
    widths double from one to the next around the mean squared distance of the joint set. This is the biased estimate:
    a sample's distance to itself counts, so few samples of one law do not reach zero (about 1.5 for two sets of four).

    Args:
        x: (n, D).
        y: (m, D).
        num_kernels: how many widths.

    Returns:
        A 0-d tensor.

    Raises:
        ValueError: tensors of other shapes.
    """
    require_shapes(x=(x, "n D"), y=(y, "m D"))
    joint, split = cat([x, y]), len(x)
    squared = euclidean_matrix(joint, joint).square()  # (n + m, n + m)
    # the widths are a yardstick, not something to learn
    width = squared.detach().sum() / (len(joint) ** 2 - len(joint)) / 2 ** (num_kernels // 2)
    kernel = sum((-squared / (width * 2 ** k + 1e-9)).exp() for k in range(num_kernels))
    return kernel[:split, :split].mean() + kernel[split:, split:].mean() - 2 * kernel[:split, split:].mean()
