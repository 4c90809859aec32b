"""Cross-diffusion attention: the affinities of two modalities, diffused through each other.

Wang et al., "MutualFormer: Multi-Modality Representation Learning via Cross-Diffusion Attention", eq. 5-8,
https://arxiv.org/abs/2112.01177
"""

import torch
from torch import Tensor

from fastreid_mm.common.errors import require_choice
from fastreid_mm.layers.choices import READINGS
from fastreid_mm.layers.shapes import require_shapes


def cross_diffusion(
    affinity_a: Tensor,
    affinity_b: Tensor,
    value_a: Tensor,
    value_b: Tensor,
    epsilon: float = 0.6,
    reading: str = "paper",
) -> tuple[Tensor, Tensor]:
    """Apply the diffused affinities to the values of the other modality, without ever multiplying two affinities.

        T_m = D_m^(-1/2) S_m D_m^(-1/2),    S_ab = epsilon T_a T_b^T + (1 - epsilon) (S_a + S_b),    u_ab = S_ab V_b

    with the row sums of S_m on the diagonal of D_m. This is "paper"; "official" has ``T_a^T T_b`` in the first term,
    because the released code normalizes the transpose of an affinity. ``u_ba`` is the same with a and b swapped. The
    rows of softmax affinities sum to one, so that ``T = S`` for them. ``T_a (T_b^T V)`` takes two products of n x n by
    n x c; the literal form takes a product of n x n by n x n and one more.

    Args:
        affinity_a: (B, h, n, n) affinities S_a, not negative.
        affinity_b: (B, h, n, n) affinities S_b, not negative.
        value_a: (B, h, n, c) values V_a.
        value_b: (B, h, n, c) values V_b.
        epsilon: share of the diffusion; 0 leaves the plain sum of both affinities.
        reading: "paper" or "official".

    Returns:
        ``u_ab`` and ``u_ba``, (B, h, n, c) each.

    Raises:
        ValueError: the reading is unknown, or the shapes do not go together.

    Examples:
        >>> affinity, value = torch.eye(2).view(1, 1, 2, 2), torch.ones(1, 1, 2, 1)
        >>> cross_diffusion(affinity, affinity, value, value, epsilon=0.5)[0].flatten()  # 0.5 + 0.5 (1 + 1)
        tensor([1.5000, 1.5000])
    """
    require_choice("reading", reading, READINGS)
    require_shapes(
        affinity_a=(affinity_a, "B h n n"),
        affinity_b=(affinity_b, "B h n n"),
        value_a=(value_a, "B h n c"),
        value_b=(value_b, "B h n c"),
    )
    # cast once what autocast would cast in every product
    dtype = (affinity_a[..., :1, :1] @ value_a[..., :1, :1]).dtype
    affinity_a, affinity_b, value_a, value_b = (
        tensor.to(dtype) for tensor in (affinity_a, affinity_b, value_a, value_b)
    )
    root_a, root_b = _inverse_root_degree(affinity_a), _inverse_root_degree(affinity_b)
    left_a, left_b = (affinity_a, affinity_b) if reading == "paper" else (affinity_a.mT, affinity_b.mT)
    both, plain = root_a * root_b, affinity_a + affinity_b
    diffused_ab = root_a * (left_a @ (both * (left_b.mT @ (root_b * value_b))))
    diffused_ba = root_b * (left_b @ (both * (left_a.mT @ (root_a * value_a))))
    return (
        epsilon * diffused_ab + (1 - epsilon) * (plain @ value_b),
        epsilon * diffused_ba + (1 - epsilon) * (plain @ value_a),
    )


def _inverse_root_degree(affinity: Tensor) -> Tensor:
    """Return one over the root of the row sums, (B, h, n, 1), of (B, h, n, n) affinities; 0 for empty rows."""
    degree = affinity.sum(-1, keepdim=True, dtype=torch.promote_types(affinity.dtype, torch.float32))
    # infinity before the root, not 0 after it: the gradient of a root of 0 would be infinity times 0
    return degree.where(degree > 1e-12, torch.inf).rsqrt().to(affinity.dtype)
