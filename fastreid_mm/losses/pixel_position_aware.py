"""The pixel-position-aware loss, as MutualFormer prints it (eq. 13, https://arxiv.org/abs/2112.01177).

Wei et al., "F3Net: Fusion, Feedback and Focus for Salient Object Detection", AAAI 2020,
https://arxiv.org/abs/1911.11445
"""

import torch.nn.functional as F
from torch import Tensor

from fastreid_mm.layers.shapes import require_shapes
from fastreid_mm.losses.full_precision import full_precision


@full_precision
def pixel_position_aware(logits: Tensor, mask: Tensor, weighted_bce: bool = True) -> Tensor:
    """Compute cross-entropy and intersection over union, weighted more where a pixel differs from its surroundings.

        L = 1/2 mean [sum w bce / sum w + 1 - (sum w p y + 1) / (sum w (p + y) - sum w p y + 1)]

    over the images, with sums over the pixels of an image and ``w = 1 + 5 |mean of y over 31 x 31 pixels - y|``. As in
    F3Net, that mean counts zeros outside the image.

    Args:
        logits: (B, 1, H, W), p before the sigmoid.
        mask: (B, 1, H, W), y, 0 or 1, of any type.
        weighted_bce: with False, the cross-entropy is the plain mean over the batch, as in F3Net's released code:
            PyTorch takes its ``reduce="none"`` for true.

    Returns:
        A 0-d tensor.

    Raises:
        ValueError: the shapes do not go together.

    Examples:
        >>> import torch
        >>> mask = torch.ones(1, 1, 8, 8)
        >>> pixel_position_aware(logits=torch.zeros(1, 1, 8, 8), mask=mask)
        tensor(0.5959)
    """
    require_shapes(logits=(logits, "B 1 H W"), mask=(mask, "B 1 H W"))
    mask = mask.to(logits.dtype)
    weight = 1 + 5 * (_surroundings(mask) - mask).abs()
    entropy = F.binary_cross_entropy_with_logits(logits, mask, reduction="none")  # (B, 1, H, W)
    if weighted_bce:
        entropy = (weight * entropy).sum((1, 2, 3)) / weight.sum((1, 2, 3))  # (B,)
    probability = logits.sigmoid()
    intersection = (weight * probability * mask).sum((1, 2, 3))
    union = (weight * (probability + mask)).sum((1, 2, 3)) - intersection
    overlap = 1 - (intersection + 1) / (union + 1)
    return (entropy.mean() + overlap.mean()) / 2


def _surroundings(mask: Tensor) -> Tensor:
    """Average the 31 x 31 pixels around each, (B, 1, H, W), in two passes: 16 times fewer additions than in one."""
    return F.avg_pool2d(F.avg_pool2d(mask, (31, 1), 1, (15, 0)), (1, 31), 1, (0, 15))
