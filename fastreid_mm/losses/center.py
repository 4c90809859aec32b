"""Centre loss and hetero-centre loss, the alternatives that the methods compare with."""

import torch
from torch import Tensor

from fastreid_mm.layers.shapes import require_shapes
from fastreid_mm.losses.geometry import modality_centers


def center_loss(features: Tensor, targets: Tensor, centers: Tensor) -> Tensor:
    """Half the squared distance of each feature to the learnt centre of its identity (Wen et al., ECCV 2016, eq. 2).

    Args:
        features: (B, D).
        targets: (B,) identity labels, 0 .. N - 1.
        centers: (N, D), a parameter of the caller's.

    Returns:
        A 0-d tensor, the mean over the batch.

    Raises:
        ValueError: tensors of other shapes.
    """
    targets = torch.as_tensor(targets, device=features.device)
    require_shapes(features=(features, "B D"), targets=(targets, "B"), centers=(centers, "N D"))
    return 0.5 * (features - centers[targets]).square().sum(dim=1).mean()


def hetero_center(features: Tensor, targets: Tensor, modalities: Tensor, reduction: str = "mean") -> Tensor:
    """Squared distance between the visible and the infrared centre of each identity (Zhu et al., 2020, eq. 4).

    Args:
        features: (B, D).
        targets: (B,) identity labels.
        modalities: (B,), 0 = visible, 1 = infrared.
        reduction: "mean" or "sum" over the identities of the batch.

    Returns:
        A 0-d tensor.

    Raises:
        ValueError: an identity of the batch lacks a modality, an unknown reduction, or tensors of other shapes.
    """
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction {reduction!r} is neither mean nor sum")
    targets, modalities = (torch.as_tensor(labels, device=features.device) for labels in (targets, modalities))
    require_shapes(features=(features, "B D"), targets=(targets, "B"), modalities=(modalities, "B"))
    visible, infrared = modality_centers(features, targets, modalities)  # (P, D) each
    squared = (visible - infrared).square().sum(dim=1)  # (P,)
    return squared.mean() if reduction == "mean" else squared.sum()
