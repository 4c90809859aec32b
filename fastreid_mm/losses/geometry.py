"""Distances and identity centres that several losses need."""

import torch
from torch import Tensor


def euclidean_matrix(a: Tensor, b: Tensor) -> Tensor:
    """Euclidean distances between all rows, at least 1e-6 so that the gradient at zero is finite.

    Args:
        a: (N, D).
        b: (M, D).

    Returns:
        (N, M).
    """
    # The explicit form keeps a row's distance to itself at zero; the matrix product form (chosen by default from 25
    # rows on) leaves 1e-3 there in float32.
    return torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist").clamp(min=1e-6)


def same_identity(targets: Tensor) -> Tensor:
    """Which pairs of a batch show the same identity: (B,) labels to a (B, B) mask, true on the diagonal."""
    return targets[:, None] == targets[None, :]


def require_two_identities(loss: str, targets: Tensor) -> None:
    """Refuse a batch in which there is nobody to tell an identity from.

    Args:
        loss: its name, for the message.
        targets: (B,) identity labels.

    Raises:
        ValueError: says how many samples and identities the batch has.
    """
    if bool((targets == targets[:1]).all()):
        raise ValueError(f"{loss} needs two identities or more, the batch of {len(targets)} samples has "
                         f"{min(len(targets), 1)}: a larger batch, or fewer samples of each identity, has more")


def identity_centers(features: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Mean feature of every identity in the batch.

    Args:
        features: (B, D).
        targets: (B,) identity labels, in any order.

    Returns:
        The centres (P, D) in ascending order of label, and for each sample the row of its centre (B,).
    """
    _, index, count = targets.unique(return_inverse=True, return_counts=True)
    total = features.new_zeros(len(count), features.shape[1]).index_add(0, index, features)
    return total / count[:, None], index


def modality_centers(features: Tensor, targets: Tensor, modalities: Tensor) -> tuple[Tensor, Tensor]:
    """Mean feature of every identity in each modality.

    Args:
        features: (B, D).
        targets: (B,) identity labels.
        modalities: (B,), 0 = visible, 1 = infrared.

    Returns:
        The visible and the infrared centres, (P, D) each, both in ascending order of label.

    Raises:
        ValueError: an identity of the batch lacks a modality.
    """
    visible, infrared = modalities == 0, modalities == 1
    if not targets[visible].unique().equal(targets[infrared].unique()):
        raise ValueError("both modalities of every identity in the batch are needed")
    return (identity_centers(features[visible], targets[visible])[0],
            identity_centers(features[infrared], targets[infrared])[0])
