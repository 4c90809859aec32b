"""Cross-diffusion attention: two modalities' affinities, diffused through each other (MutualFormer, eq. 5-8)."""

import torch
from torch import Tensor

READINGS = ("paper", "official")


def cross_diffusion(affinity_a: Tensor, affinity_b: Tensor, value_a: Tensor, value_b: Tensor, epsilon: float = 0.6,
                    reading: str = "paper") -> tuple[Tensor, Tensor]:
    """Apply the diffused affinities to the other modality's values, without ever multiplying two affinities.

    With ``T_m = D_m^(-1/2) S_m D_m^(-1/2)`` and the row sums of ``S_m`` on the diagonal of ``D_m``, "paper" is

        S_ab = epsilon T_a T_b^t + (1 - epsilon) (S_a + S_b),    u_ab = S_ab V_b,

    and "official" has ``T_a^t T_b`` in the first term: the released code normalises the transpose of an affinity.
    ``u_ba`` is the same with a and b swapped. Rows of softmax affinities sum to one, so that ``T = S`` for them.
    ``T_a (T_b^t V)`` takes two products of n x n by n x c; the literal form one of n x n by n x n on top of one.

    Args:
        affinity_a, affinity_b: (B, h, n, n), not negative.
        value_a, value_b: (B, h, n, c).
        epsilon: share of the diffusion; 0 leaves the plain sum of both affinities.
        reading: "paper" or "official".

    Returns:
        ``u_ab`` and ``u_ba``, (B, h, n, c) each.

    Raises:
        ValueError: an unknown reading.

    Example:
        >>> affinity, value = torch.eye(2).view(1, 1, 2, 2), torch.ones(1, 1, 2, 1)
        >>> cross_diffusion(affinity, affinity, value, value, epsilon=0.5)[0].flatten()  # 0.5 + 0.5 (1 + 1)
        tensor([1.5000, 1.5000])
    """
    if reading not in READINGS:
        raise ValueError(f"reading {reading!r} is not one of {', '.join(READINGS)}")
    root_a, root_b = _inverse_root_degree(affinity_a), _inverse_root_degree(affinity_b)
    both = root_a * root_b
    if reading == "paper":
        inner_a, inner_b = affinity_a.mT @ (root_a * value_a), affinity_b.mT @ (root_b * value_b)
        diffused_ab, a_on_a, a_on_b = _apply(affinity_a, both * inner_b, value_a, value_b)
        diffused_ba, b_on_a, b_on_b = _apply(affinity_b, both * inner_a, value_a, value_b)
    else:
        inner_a, a_on_a, a_on_b = _apply(affinity_a, root_a * value_a, value_a, value_b)
        inner_b, b_on_a, b_on_b = _apply(affinity_b, root_b * value_b, value_a, value_b)
        diffused_ab, diffused_ba = affinity_a.mT @ (both * inner_b), affinity_b.mT @ (both * inner_a)
    return (epsilon * root_a * diffused_ab + (1 - epsilon) * (a_on_b + b_on_b),
            epsilon * root_b * diffused_ba + (1 - epsilon) * (a_on_a + b_on_a))


def _apply(affinity: Tensor, *values: Tensor) -> tuple[Tensor, ...]:
    """(B, h, n, n) to several (B, h, n, c) in one product: forward and backward pass the affinity once."""
    return (affinity @ torch.cat(values, dim=-1)).split(values[0].shape[-1], dim=-1)


def _inverse_root_degree(affinity: Tensor) -> Tensor:
    """(B, h, n, n) to (B, h, n, 1), one over the root of the row sums, summed in float32 at least."""
    degree = affinity.sum(-1, keepdim=True, dtype=torch.promote_types(affinity.dtype, torch.float32))
    return degree.clamp(min=1e-12).rsqrt().to(affinity.dtype)
