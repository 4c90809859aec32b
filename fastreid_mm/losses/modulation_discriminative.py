"""CMT's discriminative loss of query-adaptive modulation.

Jiang et al., "Cross-Modality Transformer for Visible-Infrared Person Re-Identification", ECCV 2022 (no arXiv version),
section 3.2, eq. 13 and 14
"""

import torch
from torch import Tensor

from fastreid_mm.common.errors import require_choice
from fastreid_mm.layers.exporting import is_readable
from fastreid_mm.layers.modulated_distance import modulated_cosine, modulated_euclidean
from fastreid_mm.layers.shapes import require_shapes
from fastreid_mm.losses.full_precision import full_precision
from fastreid_mm.losses.geometry import hardest_hinge, same_identity

MININGS = ("hard", "all")
DISTANCES = {"euclidean": modulated_euclidean, "cosine": modulated_cosine}


@full_precision
def modulation_discriminative(
    features: Tensor,
    scale: Tensor,
    shift: Tensor,
    targets: Tensor,
    margin: float = 0.3,
    *,
    mining: str = "hard",
    distance: str = "euclidean",
    modalities: Tensor | None = None,
) -> Tensor:
    """Compute a triplet loss whose query modulates all other images before they are compared with it.

        L = mean_x [margin + d(x, y_j') - d(x, y_k')]_+,    y' = scale_x y + shift_x

    Every image x of the batch, of either modality, is the query once. The scale and the shift of the query modulate the
    features y of all other images (eq. 13), of which j are its positives and k its negatives. The distance d is over
    all parts together: Euclidean as printed, or the cosine distance by which retrieval compares. A scale near zero
    lowers Euclidean distances, and with them this loss while many triplets violate the margin; cosine distances do not
    change with the length of y'.

    The paper writes an expectation over triplets and does not say over which. "hard" takes the farthest positive and
    the nearest negative of each query. As long as the first is farther than the second, as it is early in training from
    scratch, that loss is lowest at a scale of zero, with which queries cannot tell anything apart; "all", the mean over
    every triplet of a query, does not lead there. Nor does it say of which
    modality positives and negatives are: any modality, or, if ``modalities`` are given, only the one opposite the
    query's, as in testing.

    Args:
        features: (B, p, d), complete representations.
        scale: (B, d), with which each image modulates the others when it is the query.
        shift: (B, d).
        targets: (B,) identity labels.
        margin: by how much the negative must be farther away.
        mining: "hard" or "all".
        distance: "euclidean" or "cosine".
        modalities: (B,) modality labels, to compare images of different modalities only.

    Returns:
        A 0-d tensor.

    Raises:
        ValueError: an image is the only one of its identity, there is a single identity (of images of the other
            modality, if modalities are given), the mining or the distance is unknown, or the shapes do not go together.

    Examples:
        >>> features, targets = torch.tensor([[[0.0]], [[1.0]], [[2.0]], [[4.0]]]), torch.tensor([0, 0, 1, 1])
        >>> scale, shift = torch.ones(4, 1), torch.zeros(4, 1)  # no modulation
        >>> modulation_discriminative(features, scale, shift, targets, margin=0.5)
        tensor(0.5000)
    """
    require_choice("mining", mining, MININGS)
    require_choice("distance", distance, DISTANCES)
    targets = torch.as_tensor(targets, device=features.device)
    require_shapes(features=(features, "B p d"), scale=(scale, "B d"), shift=(shift, "B d"), targets=(targets, "B"))
    same = same_identity(targets)
    compared = ~torch.eye(len(targets), dtype=torch.bool, device=targets.device)
    if modalities is not None:
        modalities = torch.as_tensor(modalities, device=features.device)
        require_shapes(targets=(targets, "B"), modalities=(modalities, "B"))
        compared = modalities[:, None] != modalities[None, :]
    positives, negatives = same & compared, ~same & compared
    if is_readable(targets) and not bool((positives.any(1) & negatives.any(1)).all()):
        images = "two images of each" if modalities is None else "an image of each in either modality"
        raise ValueError(f"modulation_discriminative needs two identities and {images} in a batch")
    # float64 costs nothing at this size, keeps near pairs apart, and is not changed by mixed precision
    query, scale, shift = features.double(), scale.double(), shift.double()
    distances = DISTANCES[distance](query, query, scale, shift)  # (B, B)
    loss = (hardest_hinge if mining == "hard" else _all)(distances, positives, negatives, margin)  # (B,)
    return loss.mean().to(features.dtype)


def _all(distance: Tensor, positives: Tensor, negatives: Tensor, margin: float) -> Tensor:
    """Return the mean hinge (B,) over all triplets of each row of distances (B, B)."""
    triplets = positives[:, :, None] & negatives[:, None, :]  # (B, B, B)
    hinge = (margin + distance[:, :, None] - distance[:, None, :]).clamp(min=0)
    return (hinge * triplets).sum((1, 2)) / triplets.sum((1, 2))
