"""Cross-diffusion attention: the affinities of two modalities, diffused through each other.

Wang et al., "MutualFormer: Multi-Modality Representation Learning via Cross-Diffusion Attention", eq. 5-8,
https://arxiv.org/abs/2112.01177
"""

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable

from fastreid_mm.errors import require_choice
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
    n x c; the literal form takes a product of n x n by n x n and one more. The gradient (once differentiable) makes no
    n x n tensor but the two that it returns.

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

    Example:
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
    # autocast has no effect on a gradient written by hand: all tensors get the dtype that it gives a product
    dtype = (affinity_a[..., :1, :1] @ value_a[..., :1, :1]).dtype
    tensors = affinity_a.to(dtype), affinity_b.to(dtype), value_a.to(dtype), value_b.to(dtype)
    if not torch.is_grad_enabled():  # a graph that is exported has no place for a gradient written by hand
        return _forward(*tensors, epsilon, reading == "official")[0]
    return _CrossDiffusion.apply(*tensors, epsilon, reading == "official")


def _forward(
    affinity_a: Tensor, affinity_b: Tensor, value_a: Tensor, value_b: Tensor, epsilon: float, transposed: bool
) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, ...]]:
    """``u_ab`` and ``u_ba``, and what else the gradient needs; see :class:`_CrossDiffusion`."""
    root_a, root_b = _inverse_root_degree(affinity_a), _inverse_root_degree(affinity_b)
    left_a, left_b = (affinity_a.mT, affinity_b.mT) if transposed else (affinity_a, affinity_b)
    inner_a, inner_b = left_a.mT @ (root_a * value_a), left_b.mT @ (root_b * value_b)
    both = root_a * root_b
    diffused_ab, diffused_ba = left_a @ (both * inner_b), left_b @ (both * inner_a)
    values = torch.cat([value_b, value_a], dim=-1)
    plain_ab, plain_ba = (affinity_a @ values).add_(affinity_b @ values).mul_(1 - epsilon).chunk(2, dim=-1)
    found = epsilon * root_a * diffused_ab + plain_ab, epsilon * root_b * diffused_ba + plain_ba
    return found, (root_a, root_b, inner_a, inner_b, diffused_ab, diffused_ba)


class _Context(FunctionCtx):
    """What the forward pass leaves for the gradient."""

    saved_tensors: tuple[Tensor, ...]
    epsilon: float
    transposed: bool


class _CrossDiffusion(torch.autograd.Function):
    """Both directions, with a gradient of its own.

    With the roots r of the inverse degrees, and P = S or, in the official reading, S^T:

    x_m = r_m V_m,    inner_m = P_m^T x_m,    y_m = r_a r_b inner_m,    diffused_ab = P_a y_b,
    u_ab = epsilon r_a diffused_ab + (1 - epsilon) (S_a + S_b) V_b.
    """

    @staticmethod
    def forward(
        ctx: _Context,
        affinity_a: Tensor,
        affinity_b: Tensor,
        value_a: Tensor,
        value_b: Tensor,
        epsilon: float,
        transposed: bool,
    ) -> tuple[Tensor, Tensor]:
        found, others = _forward(affinity_a, affinity_b, value_a, value_b, epsilon, transposed)
        ctx.save_for_backward(affinity_a, affinity_b, value_a, value_b, *others)
        ctx.epsilon, ctx.transposed = epsilon, transposed
        return found

    @staticmethod
    @once_differentiable
    def backward(ctx: _Context, grad_ab: Tensor, grad_ba: Tensor) -> tuple[Tensor | None, ...]:
        (affinity_a, affinity_b, value_a, value_b, root_a, root_b, inner_a, inner_b, diffused_ab, diffused_ba) = (
            ctx.saved_tensors
        )
        epsilon, both = ctx.epsilon, root_a * root_b
        left_a, left_b = (affinity_a.mT, affinity_b.mT) if ctx.transposed else (affinity_a, affinity_b)

        grad_diffused_ab, grad_diffused_ba = epsilon * root_a * grad_ab, epsilon * root_b * grad_ba
        grad_y_b, grad_y_a = left_a.mT @ grad_diffused_ab, left_b.mT @ grad_diffused_ba
        grad_both = _dot(grad_y_a, inner_a) + _dot(grad_y_b, inner_b)
        grad_inner_a, grad_inner_b = grad_y_a.mul_(both), grad_y_b.mul_(both)
        grad_x_a, grad_x_b = left_a @ grad_inner_a, left_b @ grad_inner_b
        grad_root_a = epsilon * _dot(grad_ab, diffused_ab) + _dot(value_a, grad_x_a) + root_b * grad_both
        grad_root_b = epsilon * _dot(grad_ba, diffused_ba) + _dot(value_b, grad_x_b) + root_a * grad_both

        grads, values = torch.cat([grad_ab, grad_ba], dim=-1).mul_(1 - epsilon), torch.cat([value_b, value_a], dim=-1)
        plain_b, plain_a = (affinity_a.mT @ grads).add_(affinity_b.mT @ grads).chunk(2, dim=-1)
        grad_value_a, grad_value_b = root_a * grad_x_a + plain_a, root_b * grad_x_b + plain_b
        del plain_a, plain_b, grad_x_a, grad_x_b

        def grad_affinity(
            grad_diffused: Tensor, y: Tensor, x: Tensor, grad_inner: Tensor, root: Tensor, grad_root: Tensor
        ) -> Tensor:
            """The gradient through diffused = P y, inner = P^T x, the plain products and the degrees."""
            pairs = [(grad_diffused, y), (x, grad_inner)]
            if ctx.transposed:
                pairs = [pair[::-1] for pair in pairs]
            return _sum_of_outer_products(*pairs, (grads, values)).sub_(0.5 * root**3 * grad_root)

        return (
            grad_affinity(grad_diffused_ab, both * inner_b, root_a * value_a, grad_inner_a, root_a, grad_root_a),
            grad_affinity(grad_diffused_ba, both * inner_a, root_b * value_b, grad_inner_b, root_b, grad_root_b),
            grad_value_a,
            grad_value_b,
            None,
            None,
        )


def _sum_of_outer_products(first: tuple[Tensor, Tensor], *others: tuple[Tensor, Tensor]) -> Tensor:
    """Pairs of (B, h, n, c) tensors to the (B, h, n, n) sum of their products over c, added up in place."""
    total = first[0] @ first[1].mT
    for rows, columns in others:
        total.flatten(0, -3).baddbmm_(rows.flatten(0, -3), columns.flatten(0, -3).mT)
    return total


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """Two (B, h, n, c) tensors to their (B, h, n, 1) product over c."""
    return (a * b).sum(-1, keepdim=True)


def _inverse_root_degree(affinity: Tensor) -> Tensor:
    """(B, h, n, n) to (B, h, n, 1), one over the root of the row sums, summed in float32 at least; 0 for empty rows."""
    degree = affinity.sum(-1, keepdim=True, dtype=torch.promote_types(affinity.dtype, torch.float32))
    return degree.rsqrt().where(degree > 1e-12, 0).to(affinity.dtype)
