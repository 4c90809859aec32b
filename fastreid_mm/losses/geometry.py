"""Distances, masks and identity centers that several losses need."""

import torch
from torch import Tensor

from fastreid_mm.common.modality import INFRARED, VISIBLE


def euclidean_matrix(a: Tensor, b: Tensor) -> Tensor:
    """Compute Euclidean distances between all pairs of rows, at least 1e-6 so that the gradient at zero is finite.

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
    """Return the (B, B) mask of the pairs with the same identity label (B,), true on the diagonal."""
    return targets[:, None] == targets[None, :]


def require_two_identities(loss: str, targets: Tensor) -> None:
    """Refuse a batch of a single identity, which has no negatives.

    Args:
        loss: name of the loss, for the message.
        targets: (B,) identity labels.

    Raises:
        ValueError: says how many samples and identities the batch has.
    """
    if bool((targets == targets[:1]).all()):
        raise ValueError(
            f"{loss} needs two identities or more, the batch of {len(targets)} samples has "
            f"{min(len(targets), 1)}: a larger batch, or fewer samples of each identity, has more"
        )


def require_positives(loss: str, targets: Tensor) -> None:
    """Refuse a batch in which every sample is the only one of its identity, and so its own and only positive.

    Args:
        loss: name of the loss, for the message.
        targets: (B,) identity labels.

    Raises:
        ValueError: says how many samples the batch has.
    """
    if len(targets.unique()) == len(targets):
        raise ValueError(
            f"{loss} needs two samples of an identity, no identity has two samples in the batch of {len(targets)}"
        )


def require_classes(loss: str, targets: Tensor, classes: int) -> None:
    """Refuse labels outside of the classes, of which -1 would stand for the last class.

    Args:
        loss: name of the loss, for the message.
        targets: (B,) identity labels.
        classes: how many there are.

    Raises:
        ValueError: names the first such label.
    """
    wrong = targets[(targets < 0) | (targets >= classes)]
    if len(wrong):
        raise ValueError(f"{loss}: label {wrong[0].item()} is none of the {classes} identities from 0")


def identity_centers(features: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Compute the mean feature of every identity in the batch.

    Args:
        features: (B, D).
        targets: (B,) identity labels, in any order.

    Returns:
        The centers (P, D) in ascending order of the labels, and the row of each sample's center (B,).
    """
    _, index, count = targets.unique(return_inverse=True, return_counts=True)
    total = features.new_zeros(len(count), features.shape[1]).index_add(0, index, features)
    return total / count[:, None], index


def modality_centers(features: Tensor, targets: Tensor, modalities: Tensor) -> tuple[Tensor, Tensor]:
    """Compute the mean feature of every identity in each modality.

    Args:
        features: (B, D).
        targets: (B,) identity labels.
        modalities: (B,) modality labels, 0 = visible, 1 = infrared.

    Returns:
        The visible and the infrared centers, (P, D) each, both in ascending order of the labels.

    Raises:
        ValueError: an identity of the batch lacks a modality, or a label is of neither.
    """
    visible, infrared = modalities == VISIBLE, modalities == INFRARED
    if not bool((visible | infrared).all()):
        raise ValueError(
            f"modality labels are {VISIBLE} for visible and {INFRARED} for infrared, not {modalities.unique().tolist()}"
        )
    if not targets[visible].unique().equal(targets[infrared].unique()):
        raise ValueError("both modalities of every identity in the batch are needed")
    return (
        identity_centers(features[visible], targets[visible])[0],
        identity_centers(features[infrared], targets[infrared])[0],
    )
