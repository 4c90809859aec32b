"""Cross-attention between two modalities (MutualFormer, eq. 3-4)."""

import torch.nn.functional as F
from torch import Tensor

from fastreid_mm.layers.shapes import require_shapes


def cross_attention(query_a: Tensor, key_a: Tensor, value_a: Tensor, query_b: Tensor, key_b: Tensor, value_b: Tensor,
                    scale: float | None = None) -> tuple[Tensor, Tensor]:
    """Each modality asks the other: ``u_ab = softmax(Q_a K_b^t scale) V_b``, and with a and b swapped.

    Args:
        query_a, key_a, value_a, query_b, key_b, value_b: (B, h, n, c) each.
        scale: of the products; None for ``c ** -0.5``.

    Returns:
        ``u_ab`` and ``u_ba``, (B, h, n, c) each.

    Raises:
        ValueError: tensors of other shapes.
    """
    given = {"query_a": query_a, "key_a": key_a, "value_a": value_a, "query_b": query_b, "key_b": key_b,
             "value_b": value_b}
    require_shapes(**{name: (tensor, "B h n c") for name, tensor in given.items()})
    return (F.scaled_dot_product_attention(query_a, key_b, value_b, scale=scale),
            F.scaled_dot_product_attention(query_b, key_a, value_a, scale=scale))
