"""Cross-attention between two modalities.

Wang et al., "MutualFormer: Multi-Modality Representation Learning via Cross-Diffusion Attention", eq. 3 and 4,
https://arxiv.org/abs/2112.01177
"""

import torch.nn.functional as F
from torch import Tensor

from fastreid_mm.layers.shapes import require_shapes


def cross_attention(
    query_a: Tensor,
    key_a: Tensor,
    value_a: Tensor,
    query_b: Tensor,
    key_b: Tensor,
    value_b: Tensor,
    scale: float | None = None,
) -> tuple[Tensor, Tensor]:
    """Let the queries of each modality attend to the keys and values of the other.

        u_ab = softmax(scale Q_a K_b^T) V_b,    u_ba = softmax(scale Q_b K_a^T) V_a

    Args:
        query_a, key_a, value_a: (B, h, n, c) each, of the first modality.
        query_b, key_b, value_b: (B, h, n, c) each, of the second modality.
        scale: factor on the products; None for ``c ** -0.5``.

    Returns:
        ``u_ab`` and ``u_ba``, (B, h, n, c) each.

    Raises:
        ValueError: the shapes do not go together.

    Examples:
        >>> import torch
        >>> query, key, value = torch.rand(3, 1, 8, 100, 16)
        >>> cross_attention(query, key, value, query, key, value)[0].shape
        torch.Size([1, 8, 100, 16])
    """
    given = {
        "query_a": query_a,
        "key_a": key_a,
        "value_a": value_a,
        "query_b": query_b,
        "key_b": key_b,
        "value_b": value_b,
    }
    require_shapes(**{name: (tensor, "B h n c") for name, tensor in given.items()})
    return (
        F.scaled_dot_product_attention(query_a, key_b, value_b, scale=scale),
        F.scaled_dot_product_attention(query_b, key_a, value_a, scale=scale),
    )
