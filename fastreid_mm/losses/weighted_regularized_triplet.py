"""Weighted regularised triplet loss (AGW: Ye et al., TPAMI 2021, section 4.3, eq. 8)."""

import torch
import torch.nn.functional as F
from torch import Tensor

from fastreid_mm.layers.shapes import require_shapes
from fastreid_mm.losses.geometry import euclidean_matrix, require_two_identities, same_identity


def weighted_regularized_triplet(features: Tensor, targets: Tensor) -> Tensor:
    """Every positive and every negative of an anchor counts, harder ones more, without a margin.

    ``mean_i softplus(sum_j w+_ij d_ij - sum_k w-_ik d_ik)``, with ``w+`` the softmax of +d over the positives of anchor
    i (the anchor itself among them, as in the authors' code) and ``w-`` the softmax of -d over its negatives; d is the
    Euclidean distance of the features as they are.

    This is the paper's formula; the authors' code equals it at small distances only. The code adds 1e-6 to the
    denominators of the weights, and at a mean distance beyond about 18 (64 samples) hardly any weight is left for the
    negatives: at 30 it gave 27.6 for a batch for which the formula gives 0.084.

    Args:
        features: (B, D).
        targets: (B,) identity labels.

    Returns:
        A 0-d tensor.

    Raises:
        ValueError: the batch holds a single identity, so there is no negative, or tensors of other shapes.
    """
    targets = torch.as_tensor(targets, device=features.device)
    require_shapes(features=(features, "B D"), targets=(targets, "B"))
    require_two_identities("weighted_regularized_triplet", targets)
    same = same_identity(targets)
    distance = euclidean_matrix(features, features)
    positive = distance.masked_fill(~same, float("-inf")).softmax(dim=1)  # (B, B)
    negative = (-distance).masked_fill(same, float("-inf")).softmax(dim=1)
    return F.softplus(((positive - negative) * distance).sum(dim=1)).mean()
