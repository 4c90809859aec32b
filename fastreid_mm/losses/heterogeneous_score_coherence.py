"""Heterogeneous score coherence loss: two modalities' identity scores should agree (HAMNet, section 3.3)."""

import torch.nn.functional as F
from torch import Tensor

from fastreid_mm.layers.shapes import require_shapes


def heterogeneous_score_coherence(logits_a: Tensor, logits_b: Tensor) -> Tensor:
    """``sum (1 - cos(a, b))`` over the batch, as the released code has it; HAMNet and MutualFormer weigh it by 0.001.

    Args:
        logits_a, logits_b: (B, C) identity scores of the same samples.

    Returns:
        A 0-d tensor.

    Raises:
        ValueError: scores of other shapes.
    """
    require_shapes(logits_a=(logits_a, "B C"), logits_b=(logits_b, "B C"))
    return (1 - F.cosine_similarity(logits_a, logits_b, dim=1, eps=1e-12)).sum()
