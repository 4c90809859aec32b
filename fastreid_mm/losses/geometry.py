"""Distances, masks and identity centers that several losses need, none of which reads a label back from a device.

There are as many rows as samples, whatever the labels are: what belongs to an identity is repeated for each of its
samples, and :func:`over_identities` counts it once.
"""

import torch
from torch import Tensor

from fastreid_mm.common.modality import INFRARED, VISIBLE
from fastreid_mm.losses.label_checks import require_modalities


def euclidean_matrix(a: Tensor, b: Tensor) -> Tensor:
    """Compute distances (N, M) of rows (N, D) and (M, D), at least 1e-6 so that gradients at zero are finite."""
    # The explicit form keeps a row's distance to itself at zero; the matrix product form (chosen by default from 25
    # rows on) leaves 1e-3 there in float32.
    return torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist").clamp(min=1e-6)


def same_identity(targets: Tensor) -> Tensor:
    """Return the (B, B) mask of the pairs with the same identity label (B,), true on the diagonal."""
    return targets[:, None] == targets[None, :]


def hardest_hinge(distance: Tensor, positives: Tensor, negatives: Tensor, margin: float) -> Tensor:
    """Return how far (N,) the farthest positive of each row of distances (N, M) is beyond its nearest negative."""
    farthest = distance.masked_fill(~positives, 0).amax(1)
    nearest = distance.masked_fill(~negatives, float("inf")).amin(1)
    return (margin + farthest - nearest).clamp(min=0)


def first_of(same: Tensor) -> Tensor:
    """Return the place of the first true value in each row of a (B, R) mask, (B,); 0 where there is none."""
    return same.byte().argmax(1)


def over_identities(values: Tensor, targets: Tensor, reduction: str) -> Tensor:
    """Reduce values (B,), the same for all samples of an identity, by "mean" or "sum" over the identities."""
    first = first_of(same_identity(targets)) == torch.arange(len(targets), device=targets.device)  # (B,)
    total = values.masked_fill(~first, 0).sum()
    return total / first.sum() if reduction == "mean" else total


def identity_centers(features: Tensor, targets: Tensor) -> Tensor:
    """Compute the mean feature of the identity of every sample, (B, D), of features (B, D) with labels in any order."""
    return group_centers(features, same_identity(targets), same_identity(targets))


def group_centers(features: Tensor, group: Tensor, of: Tensor) -> Tensor:
    """Compute the means of groups of features (R, D), not finite where a group is empty.

    Sums are made sample by sample, group for group, and so do not depend on the other groups, nor on TF32.

    Args:
        features: (R, D).
        group: (R, R) mask of the pairs that are in one group.
        of: (B, R) mask of the samples, one group or none, whose mean a row of the result (B, D) is to have.
    """
    total = torch.zeros_like(features).index_add(0, first_of(group), features)  # (R, D), a sum where a group begins
    return total[first_of(of)] / of.sum(1, keepdim=True)


def modality_centers(features: Tensor, targets: Tensor, modalities: Tensor) -> tuple[Tensor, Tensor]:
    """Compute the mean visible and the mean infrared feature of the identity of every sample, (B, D) each.

    Raises:
        ValueError: an identity of the batch lacks a modality, or a label is of neither; only on the CPU.
    """
    require_modalities(targets, modalities)
    same = same_identity(targets)
    group = same & same_identity(modalities)
    visible, infrared = (group_centers(features, group, same & (modalities == m)) for m in (VISIBLE, INFRARED))
    return visible, infrared
