"""Batch-hard triplet loss (Hermans et al., 2017, eq. 5)."""

import torch
from torch import Tensor

from fastreid_mm.layers.shapes import require_shapes
from fastreid_mm.losses.geometry import euclidean_matrix, require_two_identities, same_identity


def batch_hard_triplet(features: Tensor, targets: Tensor, margin: float = 0.3) -> Tensor:
    """The farthest positive of every anchor must be nearer than its nearest negative, by a margin.

    ``mean_i [margin + max_j d_ij - min_k d_ik]+`` over positives j and negatives k of anchor i, d Euclidean.

    Args:
        features: (B, D).
        targets: (B,) identity labels.
        margin: in the unit of the distances.

    Returns:
        A 0-d tensor.

    Raises:
        ValueError: the batch holds a single identity, so there is no negative, or tensors of other shapes.
    """
    targets = torch.as_tensor(targets, device=features.device)
    require_shapes(features=(features, "B D"), targets=(targets, "B"))
    require_two_identities("batch_hard_triplet", targets)
    same = same_identity(targets)
    distance = euclidean_matrix(features, features)
    positive = distance.masked_fill(~same, float("-inf")).amax(dim=1)  # (B,)
    negative = distance.masked_fill(same, float("inf")).amin(dim=1)
    return (margin + positive - negative).clamp(min=0).mean()
