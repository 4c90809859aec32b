"""Modality consistency loss (CMT, section 3.2, eq. 6-8)."""

import torch
from torch import Tensor

from fastreid_mm.layers.shapes import require_shapes
from fastreid_mm.losses.geometry import identity_centers


def modality_consistency(compensated: Tensor, targets: Tensor, reference: Tensor, reference_targets: Tensor) -> Tensor:
    """Distance of compensated features to the centre of the real ones of the same identity.

    Eq. 7 compares the visible features made up for infrared images with the visible images' own, eq. 8 the other way
    round. The norm is over all parts together and not squared. Detach ``reference`` to hold the centres still.

    Args:
        compensated: (B, p, d), features made up for a modality.
        targets: (B,) identity labels.
        reference: (R, p, d), features of images of that modality; their means are the centres (eq. 6).
        reference_targets: (R,) identity labels.

    Returns:
        A 0-d tensor, the mean over the B images.

    Raises:
        ValueError: an identity has no reference, or tensors of other shapes.
    """
    targets, reference_targets = (torch.as_tensor(labels, device=compensated.device)
                                  for labels in (targets, reference_targets))
    require_shapes(compensated=(compensated, "B p d"), targets=(targets, "B"), reference=(reference, "R p d"),
                   reference_targets=(reference_targets, "R"))
    centers, _ = identity_centers(reference.flatten(1), reference_targets)  # (P, p * d)
    labels = reference_targets.unique()  # (P,), ascending like the centres
    index = torch.searchsorted(labels, targets).clamp(max=len(labels) - 1)
    if not labels[index].equal(targets):
        missing = targets[labels[index] != targets][0].item()
        raise ValueError(f"modality_consistency: no reference image of identity {missing}")
    square = (compensated.flatten(1) - centers[index]).square().sum(1)
    return (square + 1e-12).sqrt().mean()
