"""Centre loss and hetero-centre loss, the alternatives that the methods compare with."""

from torch import Tensor

from fastreid_mm.losses.geometry import modality_centers


def center_loss(features: Tensor, targets: Tensor, centers: Tensor) -> Tensor:
    """Half the squared distance of each feature to the learnt centre of its identity (Wen et al., ECCV 2016, eq. 2).

    Args:
        features: (B, D).
        targets: (B,) identity labels, 0 .. N - 1.
        centers: (N, D), a parameter of the caller's.

    Returns:
        A 0-d tensor, the mean over the batch.
    """
    return 0.5 * (features - centers[targets]).square().sum(dim=1).mean()


def hetero_center(features: Tensor, targets: Tensor, modalities: Tensor) -> Tensor:
    """Squared distance between the visible and the infrared centre of each identity (Zhu et al., 2020, eq. 4).

    Args:
        features: (B, D).
        targets: (B,) identity labels.
        modalities: (B,), 0 = visible, 1 = infrared.

    Returns:
        A 0-d tensor, the mean over the identities of the batch.

    Raises:
        ValueError: an identity of the batch lacks a modality.
    """
    visible, infrared = modality_centers(features, targets, modalities)  # (P, D) each
    return (visible - infrared).square().sum(dim=1).mean()
