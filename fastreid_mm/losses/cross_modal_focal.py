"""Cross-modal focal loss (George and Marcel, CVPR 2021), MutualFormer's regularisation of a level (eq. 15)."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from fastreid_mm.layers.shapes import require_shapes


def cross_modal_focal(logits_a: Tensor, logits_b: Tensor, mask: Tensor, alpha: float = 1.0,
                      gamma: float = 2.0) -> Tensor:
    """Each modality's cross-entropy counts less where the other one is right: both directions, added.

    With p and q the probabilities that a and b give a pixel's true class, one direction is the mean over pixels of
    ``alpha (1 - w(p, q))^gamma bce_a``, where ``w(p, q) = q 2 p q / (p + q)``. Gradients flow through both. The paper
    has no formula; this is the one of the work that it takes its inspiration from.

    Args:
        logits_a, logits_b: (B, 1, H, W).
        mask: (B, 1, H, W), 0 or 1, of any type.
        alpha: factor of the whole loss.
        gamma: how much an agreement is discounted; 0 leaves two plain cross-entropies.

    Returns:
        A 0-d tensor.

    Raises:
        ValueError: tensors of other shapes.
    """
    require_shapes(logits_a=(logits_a, "B 1 H W"), logits_b=(logits_b, "B 1 H W"), mask=(mask, "B 1 H W"))
    mask = mask.to(logits_a.dtype)
    entropy_a, entropy_b = (F.binary_cross_entropy_with_logits(logits, mask, reduction="none")
                            for logits in (logits_a, logits_b))
    return alpha * (_one_direction(entropy_a, entropy_b, gamma) + _one_direction(entropy_b, entropy_a, gamma))


def _one_direction(entropy: Tensor, other: Tensor, gamma: float) -> Tensor:
    """Both (B, 1, H, W); all in logarithms, as p and q themselves vanish at logits of a hundred."""
    log_agreement = math.log(2) - entropy - 2 * other - torch.logaddexp(-entropy, -other)
    disagreement = -torch.expm1(log_agreement)
    return (disagreement.clamp(min=1e-9) ** gamma * entropy).mean()  # a power below one has no finite slope at zero
