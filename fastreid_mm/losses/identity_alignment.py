"""Identity alignment loss (MUN, section 3.3, eq. 12)."""

import torch
from torch import Tensor

from fastreid_mm.layers.shapes import require_shapes
from fastreid_mm.losses.geometry import euclidean_matrix, identity_centers, require_two_identities


def identity_alignment(visible: Tensor, infrared: Tensor, auxiliary: Tensor, targets: Tensor,
                       margin: float = 0.55) -> Tensor:
    """The auxiliary centre of an identity pulls its visible and infrared centres and pushes everybody else's.

    ``sum_i [margin + max_m |C^a_i - C^m_i| - min_{m, q != i} |C^a_i - C^m_q|]+`` with m visible or infrared, C the
    centre of an identity in the batch, and distances Euclidean. The paper prints no hinge, but calls it a triplet.

    Args:
        visible, infrared, auxiliary: (B, D) each.
        targets: (B,) identity labels of the rows of all three.
        margin: alpha.

    Returns:
        A 0-d tensor, the sum over the identities of the batch.

    Raises:
        ValueError: the batch holds a single identity, so there is nobody to push, or tensors of other shapes.
    """
    targets = torch.as_tensor(targets, device=visible.device)
    require_shapes(visible=(visible, "B D"), infrared=(infrared, "B D"), auxiliary=(auxiliary, "B D"),
                   targets=(targets, "B"))
    require_two_identities("identity_alignment", targets)
    centers, _ = identity_centers(auxiliary, targets)  # (P, D)
    others = [identity_centers(features, targets)[0] for features in (visible, infrared)]
    distance = torch.stack([euclidean_matrix(centers, other) for other in others])  # (2, P, P), auxiliary x m
    own = distance.diagonal(dim1=1, dim2=2).amax(dim=0)  # (P,)
    itself = torch.eye(len(centers), dtype=torch.bool, device=distance.device)
    nearest = distance.masked_fill(itself, float("inf")).amin(dim=(0, 2))  # (P,)
    return (margin + own - nearest).clamp(min=0).sum()
