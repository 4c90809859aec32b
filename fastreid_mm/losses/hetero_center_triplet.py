"""Hetero-centre triplet loss (HCT: Liu et al., TMM 2020, eq. 7; CMT, section 3.2, eq. 11)."""

import torch
from torch import Tensor

from fastreid_mm.layers.shapes import require_shapes
from fastreid_mm.losses.geometry import euclidean_matrix, modality_centers, require_two_identities, same_identity


def hetero_center_triplet(features: Tensor, targets: Tensor, modalities: Tensor, margin: float = 0.3) -> Tensor:
    """Triplets of centres, one for each identity and modality of the batch.

    Every centre is an anchor. Its positive is the farthest centre of its identity, which is that of the other modality;
    its negative the nearest centre of any other identity, of either modality. Euclidean distance, features as they are.

    Args:
        features: (B, D).
        targets: (B,) identity labels.
        modalities: (B,), 0 = visible, 1 = infrared.
        margin: of the hinge.

    Returns:
        A 0-d tensor, the mean over the centres.

    Raises:
        ValueError: an identity of the batch lacks a modality, there is a single identity, or tensors of other shapes.
    """
    targets, modalities = (torch.as_tensor(labels, device=features.device) for labels in (targets, modalities))
    require_shapes(features=(features, "B D"), targets=(targets, "B"), modalities=(modalities, "B"))
    require_two_identities("hetero_center_triplet", targets)
    visible, infrared = modality_centers(features, targets, modalities)  # (P, D) each
    centers = torch.cat([visible, infrared])  # (2P, D)
    same = same_identity(torch.arange(len(visible), device=features.device).repeat(2))
    distance = euclidean_matrix(centers, centers)
    positive = distance.masked_fill(~same, 0).amax(1)  # (2P,)
    negative = distance.masked_fill(same, float("inf")).amin(1)
    return (margin + positive - negative).clamp(min=0).mean()
