"""The cross-entropy with smoothed labels, in fast-reid's and in PyTorch's reading of the smoothing.

Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016, section 7,
https://arxiv.org/abs/1512.00567
"""

import torch.nn.functional as F
from torch import Tensor

from fastreid_mm.layers.shapes import require_shapes
from fastreid_mm.losses.full_precision import full_precision


@full_precision
def smoothed_cross_entropy(
    logits: Tensor, targets: Tensor, epsilon: float = 0.0, alpha: float = 0.2, uniform: bool = False
) -> Tensor:
    """Compute the mean cross-entropy with labels of which a share goes to other identities.

        L = mean_i -[(1 - e) log p_i,y + e / (N - 1) sum_(k != y) log p_i,k]

    Args:
        logits: (B, N) class scores.
        targets: (B,) identity labels, 0 .. N - 1.
        epsilon: e, the share. Below 0, each sample has a share of its own, ``alpha`` times its probability of the
            right identity (adaptive smoothing, as fast-reid has it).
        alpha: factor of the adaptive smoothing; only used if epsilon is below 0.
        uniform: give e / N to every identity, the right one among them, as PyTorch and Szegedy et al. do, rather than
            e / (N - 1) to every other one, as fast-reid does.

    Returns:
        A 0-d tensor.

    Raises:
        ValueError: the shapes do not go together.

    Examples:
        >>> import torch
        >>> smoothed_cross_entropy(torch.zeros(2, 4), torch.tensor([0, 3]), epsilon=0.1)  # log(4)
        tensor(1.3863)
    """
    require_shapes(logits=(logits, "B N"), targets=(targets, "B"))
    log_likely = F.log_softmax(logits, dim=1)
    right = log_likely.gather(1, targets[:, None])[:, 0]  # (B,)
    share = epsilon if epsilon >= 0 else alpha * right.detach().exp()
    if uniform:
        return -((1 - share) * right + share * log_likely.mean(1)).mean()
    others = (log_likely.sum(1) - right) / max(logits.shape[1] - 1, 1)  # (B,)
    return -((1 - share) * right + share * others).mean()
