"""AGW's weighted regularized triplet loss.

Ye et al., "Deep Learning for Person Re-identification: A Survey and Outlook", TPAMI 2021, section 4.3, eq. 8,
https://arxiv.org/abs/2001.04193
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from fastreid_mm.layers.shapes import require_shapes
from fastreid_mm.losses.full_precision import full_precision
from fastreid_mm.losses.geometry import euclidean_matrix, same_identity
from fastreid_mm.losses.label_checks import require_positives, require_two_identities


@full_precision
def weighted_regularized_triplet(features: Tensor, targets: Tensor) -> Tensor:
    """Compare all positives of an anchor with all its negatives, the harder ones weighted more, without a margin.

        L = mean_i log(1 + exp(sum_j w+_ij d_ij - sum_k w-_ik d_ik))

    with w+ the softmax of d over the positives j of anchor i (among them the anchor itself, as in the authors' code),
    w- the softmax of -d over its negatives k, and d the Euclidean distance of features that are not normalized.

    This is the paper's formula; the authors' code equals it at small distances only. The code adds 1e-6 to the
    denominators of the weights, and beyond a mean distance of about 18 (64 samples) the weights of the negatives
    vanish: at 30 it gives 27.6 for a batch for which the formula gives 0.084.

    Args:
        features: (B, D).
        targets: (B,) identity labels.

    Returns:
        A 0-d tensor.

    Raises:
        ValueError: there is a single identity and so no negative, no identity has two samples and so a positive, or
            the shapes do not go together.

    Examples:
        >>> features = torch.tensor([[0.0], [0.0], [3.0], [3.0]])
        >>> weighted_regularized_triplet(features, torch.tensor([0, 0, 1, 1]))  # log(1 + exp(-3))
        tensor(0.0486)
    """
    targets = torch.as_tensor(targets, device=features.device)
    require_shapes(features=(features, "B D"), targets=(targets, "B"))
    require_two_identities("weighted_regularized_triplet", targets)
    require_positives("weighted_regularized_triplet", targets)
    same = same_identity(targets)
    distance = euclidean_matrix(features, features)
    positive = distance.masked_fill(~same, float("-inf")).softmax(dim=1)  # (B, B)
    negative = (-distance).masked_fill(same, float("-inf")).softmax(dim=1)
    return F.softplus(((positive - negative) * distance).sum(dim=1)).mean()
