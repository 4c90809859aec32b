"""CMT's modality consistency loss.

Jiang et al., "Cross-Modality Transformer for Visible-Infrared Person Re-Identification", ECCV 2022 (no arXiv version),
section 3.1, eq. 6-8
"""

import torch
from torch import Tensor

from fastreid_mm.layers.shapes import require_shapes
from fastreid_mm.losses.full_precision import full_precision
from fastreid_mm.losses.geometry import group_centers, same_identity
from fastreid_mm.losses.label_checks import require_modalities, require_references


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

    Examples:
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
    require_references("modality_consistency", targets, reference_targets)
    matching = targets[:, None] == reference_targets[None, :]  # (B, R)
    return _distances(compensated, reference, same_identity(reference_targets), matching).mean()


@full_precision
def both_modalities_consistency(compensated: Tensor, reference: Tensor, targets: Tensor, modalities: Tensor) -> Tensor:
    """Add the :func:`modality_consistency` of infrared images, eq. 7, and that of visible ones, eq. 8.

    Args:
        compensated: (B, p, d), features of the modality that each image lacks.
        reference: (B, p, d), features of the modality that it has.
        targets: (B,) identity labels.
        modalities: (B,) modality labels, 0 = visible, 1 = infrared.

    Returns:
        A 0-d tensor.

    Raises:
        ValueError: an identity of the batch lacks a modality, or a label is of neither; only on the CPU.
    """
    require_modalities(targets, modalities)
    same, alike = same_identity(targets), same_identity(modalities)
    distances = _distances(compensated, reference, same & alike, same & ~alike)  # (B,)
    # the mean over the images of each modality: every image counts by how many there are of its own
    return (distances / alike.sum(1)).sum()


def _distances(compensated: Tensor, reference: Tensor, group: Tensor, matching: Tensor) -> Tensor:
    """Return (B,) distances of (B, p, d) features to the centers of the groups of references that match them."""
    centers = group_centers(reference.flatten(1), group, matching)  # (B, p * d)
    return ((compensated.flatten(1) - centers).square().sum(1) + 1e-12).sqrt()
