"""The cross-modal focal loss, with which MutualFormer regularizes the features of a level (eq. 15).

George and Marcel, "Cross Modal Focal Loss for RGBD Face Anti-Spoofing", CVPR 2021, https://arxiv.org/abs/2103.00948;
MutualFormer: https://arxiv.org/abs/2112.01177
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from fastreid_mm.layers.shapes import require_shapes
from fastreid_mm.losses.full_precision import full_precision


@full_precision
def cross_modal_focal(
    logits_a: Tensor, logits_b: Tensor, mask: Tensor, alpha: float = 1.0, gamma: float = 2.0
) -> Tensor:
    """Add two binary cross-entropies, each of which counts less where the other modality is right.

        L = alpha mean [(1 - w(p, q))^gamma bce_a + (1 - w(q, p))^gamma bce_b],    w(p, q) = q 2 p q / (p + q)

    over all pixels, with the probabilities p and q that modality a and modality b give a pixel's true class. Gradients
    flow through both. MutualFormer prints no formula; this is the one of the work that it names as its inspiration.

    Args:
        logits_a: (B, 1, H, W) logits of the first modality.
        logits_b: (B, 1, H, W) logits of the second modality.
        mask: (B, 1, H, W), 0 or 1, of any type.
        alpha: factor on the whole loss.
        gamma: how much an agreement lowers the loss; with 0 two plain cross-entropies remain.

    Returns:
        A 0-d tensor.

    Raises:
        ValueError: the shapes do not go together.

    Examples:
        >>> logits, mask = torch.zeros(1, 1, 4, 4), torch.ones(1, 1, 4, 4)
        >>> cross_modal_focal(logits, logits, mask)  # 2 (1 - 1/4)^2 ln 2
        tensor(0.7798)
    """
    require_shapes(logits_a=(logits_a, "B 1 H W"), logits_b=(logits_b, "B 1 H W"), mask=(mask, "B 1 H W"))
    mask = mask.to(logits_a.dtype)
    entropy_a, entropy_b = (
        F.binary_cross_entropy_with_logits(logits, mask, reduction="none") for logits in (logits_a, logits_b)
    )
    return alpha * (_one_direction(entropy_a, entropy_b, gamma) + _one_direction(entropy_b, entropy_a, gamma))


def _one_direction(entropy: Tensor, other: Tensor, gamma: float) -> Tensor:
    """Return one of the two terms, 0-d, of (B, 1, H, W) entropies; by logarithms: p and q vanish at logits of 100."""
    log_agreement = math.log(2) - entropy - 2 * other - torch.logaddexp(-entropy, -other)
    disagreement = -torch.expm1(log_agreement)
    return (disagreement.clamp(min=1e-9) ** gamma * entropy).mean()  # no infinite slope at 0 for gamma < 1
