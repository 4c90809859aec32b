"""Discriminative loss of query-adaptive modulation (CMT, section 3.3, eq. 13 and 14)."""

import torch
from torch import Tensor

from fastreid_mm.layers.modulated_distance import modulated_euclidean
from fastreid_mm.losses.geometry import same_identity


def modulation_discriminative(features: Tensor, scale: Tensor, shift: Tensor, targets: Tensor,
                              margin: float = 0.3) -> Tensor:
    """Triplets in which the query modulates all others before they are compared with it.

    Every image of the batch, of either modality, is the query once. All others are modulated by the scale and shift of
    that query, ``y' = y * scale + shift`` (eq. 13); its positive is the farthest of them of its identity, its negative
    the nearest of any other. Euclidean distance over all parts together.

    Args:
        features: (B, p, d), complete representations.
        scale: (B, d), of each image as the query.
        shift: (B, d).
        targets: (B,) identity labels.
        margin: of the hinge.

    Returns:
        A 0-d tensor, the mean over the batch.

    Raises:
        ValueError: an image is the only one of its identity, or there is a single identity.
    """
    same = same_identity(targets)
    if bool(same.all()) or bool((same.sum(1) < 2).any()):
        raise ValueError("modulation_discriminative needs two identities and two images of each in a batch")
    # float64 costs nothing at this size, keeps near pairs apart, and is out of the reach of mixed precision
    query, scale, shift = features.double(), scale.double(), shift.double()
    distance = modulated_euclidean(query, query, scale, shift)  # (B, B)
    itself = torch.eye(len(targets), dtype=torch.bool, device=targets.device)
    positive = distance.masked_fill(~same | itself, 0).amax(1)  # (B,)
    negative = distance.masked_fill(same, float("inf")).amin(1)
    return (margin + positive - negative).clamp(min=0).mean().to(features.dtype)
