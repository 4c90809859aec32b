"""MUN's identity alignment loss.

Yu et al., "Modality Unifying Network for Visible-Infrared Person Re-Identification", ICCV 2023, section 3.3, eq. 12,
https://arxiv.org/abs/2309.06262
"""

import torch
from torch import Tensor

from fastreid_mm.layers.shapes import require_shapes
from fastreid_mm.losses.full_precision import full_precision
from fastreid_mm.losses.geometry import euclidean_matrix, identity_centers, over_identities, same_identity
from fastreid_mm.losses.label_checks import require_two_identities


@full_precision
def identity_alignment(
    visible: Tensor, infrared: Tensor, auxiliary: Tensor, targets: Tensor, margin: float = 0.55
) -> Tensor:
    """Attract the auxiliary center of an identity to its visible and infrared centers, and repel it from all others.

        L = sum_i [margin + max_m |c_i^a - c_i^m| - min_(m, q != i) |c_i^a - c_q^m|]_+

    with m visible or infrared and the centers c, the mean features of an identity in the batch in modality a
    (auxiliary) or m. The paper prints no hinge, but calls the loss a triplet.

    Args:
        visible: (B, D) visible features.
        infrared: (B, D) infrared features.
        auxiliary: (B, D) auxiliary features.
        targets: (B,) identity labels, the same for all three.
        margin: alpha.

    Returns:
        A 0-d tensor, the sum over the identities of the batch.

    Raises:
        ValueError: the batch has a single identity, so that there is none to repel, or the shapes do not go together.

    Examples:
        >>> visible, infrared = torch.tensor([[0.0], [4.0]]), torch.tensor([[2.0], [5.0]])
        >>> identity_alignment(visible, infrared, (visible + infrared) / 2, torch.tensor([0, 1]), margin=3.0)
        tensor(2.)
    """
    targets = torch.as_tensor(targets, device=visible.device)
    require_shapes(
        visible=(visible, "B D"), infrared=(infrared, "B D"), auxiliary=(auxiliary, "B D"), targets=(targets, "B")
    )
    require_two_identities("identity_alignment", targets)
    centers, *others = (identity_centers(features, targets) for features in (auxiliary, visible, infrared))  # (B, D)
    distance = torch.stack([euclidean_matrix(centers, other) for other in others])  # (2, B, B), auxiliary x m
    positive = distance.diagonal(dim1=1, dim2=2).amax(dim=0)  # (B,)
    negative = distance.masked_fill(same_identity(targets), float("inf")).amin(dim=(0, 2))  # (B,)
    return over_identities((margin + positive - negative).clamp(min=0), targets, "sum")
