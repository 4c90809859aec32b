"""The batch-hard triplet loss.

Hermans et al., "In Defense of the Triplet Loss for Person Re-Identification", 2017, eq. 5,
https://arxiv.org/abs/1703.07737
"""

import torch
from torch import Tensor

from fastreid_mm.layers.shapes import require_shapes
from fastreid_mm.losses.full_precision import full_precision
from fastreid_mm.losses.geometry import euclidean_matrix, hardest_hinge, same_identity
from fastreid_mm.losses.label_checks import require_positives, require_two_identities


@full_precision
def batch_hard_triplet(features: Tensor, targets: Tensor, margin: float = 0.3) -> Tensor:
    """Compare the farthest positive of every anchor with its nearest negative, which is to be farther by a margin.

        L = mean_i [margin + max_j d(f_i, f_j) - min_k d(f_i, f_k)]_+

    with the Euclidean distance d, positives j (samples of the identity of anchor i) and negatives k (all others).

    Args:
        features: (B, D).
        targets: (B,) identity labels.
        margin: by how much the negative must be farther away.

    Returns:
        A 0-d tensor.

    Raises:
        ValueError: there is a single identity and so no negative, no identity has two samples and so a positive, or
            the shapes do not go together.

    Examples:
        >>> features = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])
        >>> batch_hard_triplet(features, torch.tensor([0, 0, 1]))  # (4.3 + 0.3 + 5 - 18**0.5 + 0) / 3
        tensor(1.7858)
    """
    targets = torch.as_tensor(targets, device=features.device)
    require_shapes(features=(features, "B D"), targets=(targets, "B"))
    require_two_identities("batch_hard_triplet", targets)
    require_positives("batch_hard_triplet", targets)
    same = same_identity(targets)
    return hardest_hinge(euclidean_matrix(features, features), same, ~same, margin).mean()
