"""Modality-aware centre loss, the centre part of CMTR's enhancement loss (CMTR, section 3.3, eq. 4)."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from fastreid_mm.layers.shapes import require_shapes
from fastreid_mm.losses.geometry import identity_centers


def _l2(a: Tensor, b: Tensor) -> Tensor:
    return (a - b).square().sum(dim=1).clamp(min=1e-12).sqrt()


_DISTANCES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "cosine": lambda a, b: 1 - F.cosine_similarity(a, b, dim=1),
    "l1": lambda a, b: (a - b).abs().sum(dim=1),
    "l2": _l2,
    "smooth_l1": lambda a, b: F.smooth_l1_loss(a, b, reduction="none").sum(dim=1),
}
DISTANCES = tuple(_DISTANCES)


def modality_aware_center(features: Tensor, targets: Tensor, distance: str = "cosine",
                          reduction: str = "mean") -> Tensor:
    """Pull each image to the centre of its identity over both modalities, after its modality was taken out.

    ``log(1 + exp(D(g_i, c)))`` with c the mean of g over all images of the identity in the batch, visible and
    infrared together. With the cosine distance a term lies in [ln 2, 2.127].

    Args:
        features: (B, D), the features g with the modality removed.
        targets: (B,) identity labels.
        distance: "cosine" (1 - cos), "l1", "l2" (not squared) or "smooth_l1", summed over D (table 7).
        reduction: "mean" over the images of the batch, or "sum" as eq. 4 prints it.

    Returns:
        A 0-d tensor.

    Raises:
        ValueError: unknown ``distance`` or ``reduction``, or tensors of other shapes.
    """
    if distance not in _DISTANCES:
        raise ValueError(f"distance {distance!r} is not one of {', '.join(DISTANCES)}")
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction {reduction!r} is neither 'mean' nor 'sum'")
    targets = torch.as_tensor(targets, device=features.device)
    require_shapes(features=(features, "B D"), targets=(targets, "B"))
    centers, index = identity_centers(features, targets)
    terms = F.softplus(_DISTANCES[distance](features, centers[index]))  # (B,)
    return terms.mean() if reduction == "mean" else terms.sum()
