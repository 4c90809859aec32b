"""Checks of labels, made where their values are free to look at: on the CPU, and not while a graph is traced.

Labels on another device are for whoever makes the batch to check: a look at their values would stop the step until the
device has caught up. Each check takes the name of the loss, for the message, and (B,) labels; it raises ``ValueError``.
"""

import torch
from torch import Tensor

from fastreid_mm.common.modality import INFRARED, VISIBLE
from fastreid_mm.layers.exporting import is_readable


def require_two_identities(loss: str, targets: Tensor) -> None:
    """Refuse a batch of a single identity, which has no negatives."""
    if is_readable(targets) and bool((targets == targets[:1]).all()):
        raise ValueError(one_identity(loss, len(targets)))


def one_identity(loss: str, samples: int) -> str:
    """Say of a loss that a batch of so many samples has a single identity."""
    return (
        f"{loss} needs two identities or more, the batch of {samples} samples has {min(samples, 1)}: "
        "a larger batch, or fewer samples of each identity, has more"
    )


def require_positives(loss: str, targets: Tensor) -> None:
    """Refuse a batch in which every sample is the only one of its identity, and so its own and only positive."""
    if is_readable(targets) and len(targets.unique()) == len(targets):
        raise ValueError(no_positives(loss, len(targets)))


def no_positives(loss: str, samples: int) -> str:
    """Say of a loss that no two of so many samples are of one identity."""
    return f"{loss} needs two samples of an identity, no identity has two samples in the batch of {samples}"


def require_classes(loss: str, targets: Tensor, classes: int) -> None:
    """Refuse labels outside of the classes, of which -1 would stand for the last class."""
    wrong = targets[(targets < 0) | (targets >= classes)] if is_readable(targets) else targets[:0]
    if len(wrong):
        raise ValueError(f"{loss}: label {wrong[0].item()} is none of the {classes} identities from 0")


LACKING = "both modalities of every identity in the batch are needed"
"""Message about an identity that lacks one."""


def require_modalities(targets: Tensor, modalities: Tensor) -> None:
    """Refuse a batch in which an identity lacks visible or infrared images, or a label is of neither."""
    if not is_readable(targets):
        return
    visible, infrared = modalities == VISIBLE, modalities == INFRARED
    if not bool((visible | infrared).all()):
        raise ValueError(
            f"modality labels are {VISIBLE} for visible and {INFRARED} for infrared, not {modalities.unique().tolist()}"
        )
    if not targets[visible].unique().equal(targets[infrared].unique()):
        raise ValueError(LACKING)


def require_references(loss: str, targets: Tensor, reference_targets: Tensor) -> None:
    """Refuse a batch with an identity of which there is none among the (R,) labels of references."""
    missing = targets[~torch.isin(targets, reference_targets)] if is_readable(targets) else targets[:0]
    if len(missing):
        raise ValueError(f"{loss}: no reference image of identity {missing[0].item()}")
