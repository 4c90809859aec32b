"""The heterogeneous score coherence loss: the identity scores of two modalities should agree.

Li et al., "Multi-spectral Vehicle Re-identification: A Challenge" (HAMNet), AAAI 2020, section 3.3; MutualFormer takes
it over, https://arxiv.org/abs/2112.01177
"""

import torch.nn.functional as F
from torch import Tensor

from fastreid_mm.layers.shapes import require_shapes
from fastreid_mm.losses.full_precision import full_precision


@full_precision
def heterogeneous_score_coherence(logits_a: Tensor, logits_b: Tensor) -> Tensor:
    """Compute the cosine distance of the scores, summed over the batch as in HAMNet's released code.

        L = sum_i (1 - cos(a_i, b_i))

    HAMNet and MutualFormer give it a weight of 0.001.

    Args:
        logits_a: (B, C) identity scores of the first modality.
        logits_b: (B, C) identity scores of the same samples in the second modality.

    Returns:
        A 0-d tensor.

    Raises:
        ValueError: the shapes do not go together.

    Examples:
        >>> import torch
        >>> heterogeneous_score_coherence(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 3.0]]))
        tensor(1.)
    """
    require_shapes(logits_a=(logits_a, "B C"), logits_b=(logits_b, "B C"))
    return (1 - F.cosine_similarity(logits_a, logits_b, dim=1, eps=1e-12)).sum()
