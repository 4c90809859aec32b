"""The center loss and the hetero-center loss, with which the methods compare their own."""

import torch
from torch import Tensor

from fastreid_mm.common.errors import require_choice
from fastreid_mm.layers.choices import REDUCTIONS
from fastreid_mm.layers.shapes import require_shapes
from fastreid_mm.losses.full_precision import full_precision
from fastreid_mm.losses.geometry import modality_centers, over_identities
from fastreid_mm.losses.label_checks import require_classes


@full_precision
def center_loss(features: Tensor, targets: Tensor, centers: Tensor) -> Tensor:
    """Compute half the squared distance of each feature to the learned center of its identity.

    Wen et al., "A Discriminative Feature Learning Approach for Deep Face Recognition", ECCV 2016, eq. 2:

        L = 1/2 mean_i |f_i - c_(y_i)|^2

    Args:
        features: (B, D).
        targets: (B,) identity labels, 0 .. N - 1.
        centers: (N, D), a parameter that the caller has.

    Returns:
        A 0-d tensor.

    Raises:
        ValueError: a label has no center, or the shapes do not go together.

    Examples:
        >>> features, centers = torch.ones(2, 3), torch.zeros(4, 3)
        >>> center_loss(features, torch.tensor([0, 3]), centers)
        tensor(1.5000)
    """
    targets = torch.as_tensor(targets, device=features.device)
    require_shapes(features=(features, "B D"), targets=(targets, "B"), centers=(centers, "N D"))
    require_classes("center_loss", targets, len(centers))
    return 0.5 * (features - centers[targets]).square().sum(dim=1).mean()


@full_precision
def hetero_center(features: Tensor, targets: Tensor, modalities: Tensor, reduction: str = "mean") -> Tensor:
    """Compute the squared distance between the visible and the infrared center of each identity.

    Zhu et al., "Hetero-Center Loss for Cross-Modality Person Re-Identification", Neurocomputing 2020, eq. 4,
    https://arxiv.org/abs/1910.09830:

        L = mean_p |c_p^visible - c_p^infrared|^2

    with the centers c, the mean features of identity p in the batch.

    Args:
        features: (B, D).
        targets: (B,) identity labels.
        modalities: (B,) modality labels, 0 = visible, 1 = infrared.
        reduction: "mean" or "sum" over the identities of the batch.

    Returns:
        A 0-d tensor.

    Raises:
        ValueError: an identity of the batch lacks a modality, a label is of neither, the reduction is unknown, or the
            shapes do not go together.

    Examples:
        >>> features, targets = torch.tensor([[0.0], [2.0], [4.0]]), torch.tensor([0, 0, 0])
        >>> hetero_center(features, targets, modalities=torch.tensor([0, 0, 1]))  # centers 1 and 4
        tensor(9.)
    """
    require_choice("reduction", reduction, REDUCTIONS)
    targets, modalities = (torch.as_tensor(labels, device=features.device) for labels in (targets, modalities))
    require_shapes(features=(features, "B D"), targets=(targets, "B"), modalities=(modalities, "B"))
    visible, infrared = modality_centers(features, targets, modalities)  # (B, D) each
    return over_identities((visible - infrared).square().sum(dim=1), targets, reduction)
