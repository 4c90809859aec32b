"""CMT's modality consistency loss.

Jiang et al., "Cross-Modality Transformer for Visible-Infrared Person Re-Identification", ECCV 2022 (no arXiv version),
section 3.1, eq. 6-8
"""

import torch
from torch import Tensor

from fastreid_mm.layers.shapes import require_shapes
from fastreid_mm.losses.full_precision import full_precision
from fastreid_mm.losses.geometry import identity_centers


@full_precision
def modality_consistency(compensated: Tensor, targets: Tensor, reference: Tensor, reference_targets: Tensor) -> Tensor:
    """Compute the distance of compensated features to the center of the real features of the same identity.

        L = mean_i |f_i - c_(y_i)|

    with the centers c, the mean of the reference features of an identity (eq. 6). Eq. 7 compares the visible features
    that are compensated for infrared images with those of visible images, eq. 8 the other way round. The norm is that
    of all parts together, and not squared. Detach ``reference`` to keep the gradient from the centers.

    Args:
        compensated: (B, p, d), features of a modality that their images lack.
        targets: (B,) identity labels.
        reference: (R, p, d), features of images of that modality.
        reference_targets: (R,) identity labels.

    Returns:
        A 0-d tensor.

    Raises:
        ValueError: an identity has no reference, or the shapes do not go together.

    Example:
        >>> compensated, reference = torch.zeros(1, 2, 1), torch.tensor([[[3.0], [4.0]], [[3.0], [4.0]]])
        >>> modality_consistency(compensated, torch.tensor([7]), reference, torch.tensor([7, 7]))
        tensor(5.)
    """
    targets, reference_targets = (
        torch.as_tensor(labels, device=compensated.device) for labels in (targets, reference_targets)
    )
    require_shapes(
        compensated=(compensated, "B p d"),
        targets=(targets, "B"),
        reference=(reference, "R p d"),
        reference_targets=(reference_targets, "R"),
    )
    centers, _ = identity_centers(reference.flatten(1), reference_targets)  # (P, p * d)
    labels = reference_targets.unique()  # (P,), ascending like the centers
    missing = targets[~torch.isin(targets, labels)]
    if len(missing):
        raise ValueError(f"modality_consistency: no reference image of identity {missing[0].item()}")
    index = torch.searchsorted(labels, targets)
    square = (compensated.flatten(1) - centers[index]).square().sum(1)
    return (square + 1e-12).sqrt().mean()
