"""Discriminative loss of query-adaptive modulation (CMT, section 3.3, eq. 13 and 14)."""

import torch
from torch import Tensor

from fastreid_mm.layers.modulated_distance import modulated_euclidean
from fastreid_mm.layers.shapes import require_shapes
from fastreid_mm.losses.geometry import same_identity

MININGS = ("hard", "all")


def modulation_discriminative(features: Tensor, scale: Tensor, shift: Tensor, targets: Tensor,
                              margin: float = 0.3, *, mining: str = "hard") -> Tensor:
    """Triplets in which the query modulates all others before they are compared with it.

    Every image of the batch, of either modality, is the query once. All others are modulated by the scale and shift of
    that query, ``y' = y * scale + shift`` (eq. 13). Euclidean distance over all parts together.

    The paper writes an expectation over triplets and does not say which. "hard" takes the farthest positive and the
    nearest negative of each query. As long as the first is farther than the second, as it is early in training from
    scratch, that loss is lowest for a scale of zero, where queries can tell nothing apart; "all", the mean over every
    triplet of a query, does not lead there.

    Args:
        features: (B, p, d), complete representations.
        scale: (B, d), of each image as the query.
        shift: (B, d).
        targets: (B,) identity labels.
        margin: of the hinge.
        mining: "hard" or "all".

    Returns:
        A 0-d tensor, the mean over the batch.

    Raises:
        ValueError: an image is the only one of its identity, there is a single identity, an unknown mining, or tensors
            of other shapes.
    """
    if mining not in MININGS:
        raise ValueError(f"mining {mining!r} is not one of {', '.join(MININGS)}")
    targets = torch.as_tensor(targets, device=features.device)
    require_shapes(features=(features, "B p d"), scale=(scale, "B d"), shift=(shift, "B d"), targets=(targets, "B"))
    same = same_identity(targets)
    if bool(same.all()) or bool((same.sum(1) < 2).any()):
        raise ValueError("modulation_discriminative needs two identities and two images of each in a batch")
    # float64 costs nothing at this size, keeps near pairs apart, and is out of the reach of mixed precision
    query, scale, shift = features.double(), scale.double(), shift.double()
    distance = modulated_euclidean(query, query, scale, shift)  # (B, B)
    itself = torch.eye(len(targets), dtype=torch.bool, device=targets.device)
    loss = (_hardest if mining == "hard" else _all)(distance, same & ~itself, ~same, margin)  # (B,)
    return loss.mean().to(features.dtype)


def _hardest(distance: Tensor, positives: Tensor, negatives: Tensor, margin: float) -> Tensor:
    """(B, B) distances and masks to the hinge of the hardest triplet of each row, (B,)."""
    farthest = distance.masked_fill(~positives, 0).amax(1)
    nearest = distance.masked_fill(~negatives, float("inf")).amin(1)
    return (margin + farthest - nearest).clamp(min=0)


def _all(distance: Tensor, positives: Tensor, negatives: Tensor, margin: float) -> Tensor:
    """(B, B) distances and masks to the mean hinge over all triplets of each row, (B,)."""
    triplets = positives[:, :, None] & negatives[:, None, :]  # (B, B, B)
    hinge = (margin + distance[:, :, None] - distance[:, None, :]).clamp(min=0)
    return (hinge * triplets).sum((1, 2)) / triplets.sum((1, 2))
