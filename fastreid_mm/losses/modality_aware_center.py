"""The modality-aware center loss, the center part of CMTR's modality-aware enhancement loss.

Liang et al., "CMTR: Cross-modality Transformer for Visible-infrared Person Re-identification", 2021, eq. 4,
https://arxiv.org/abs/2110.08994
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from fastreid_mm.common.errors import require_choice
from fastreid_mm.layers.choices import REDUCTIONS
from fastreid_mm.layers.shapes import require_shapes
from fastreid_mm.losses.full_precision import full_precision
from fastreid_mm.losses.geometry import identity_centers
from fastreid_mm.losses.label_checks import require_positives

_DISTANCES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "cosine": lambda a, b: 1 - F.cosine_similarity(a, b, dim=1),
    "l1": lambda a, b: (a - b).abs().sum(dim=1),
    "l2": lambda a, b: (a - b).square().sum(dim=1).clamp(min=1e-12).sqrt(),
    "smooth_l1": lambda a, b: F.smooth_l1_loss(a, b, reduction="none").sum(dim=1),
}
DISTANCES = tuple(_DISTANCES)


@full_precision
def modality_aware_center(
    features: Tensor, targets: Tensor, distance: str = "cosine", reduction: str = "mean"
) -> Tensor:
    """Attract each image to the center of its identity over both modalities, after its modality was removed.

        L = mean_i log(1 + exp(d(g_i, c_(y_i))))

    with the center c, the mean of g over all images of the identity in the batch, visible and infrared together. With
    the cosine distance a term is between ln 2 and 2.127.

    Args:
        features: (B, D), the features g from which the modality is removed.
        targets: (B,) identity labels.
        distance: d (table 7), "cosine" (1 - cos), "l1", "l2" (not squared) or "smooth_l1", summed over D.
        reduction: "mean" over the images of the batch, or "sum" as eq. 4 prints it.

    Returns:
        A 0-d tensor.

    Raises:
        ValueError: no identity has two samples, so that each is its own center, the distance or the reduction is
            unknown, or the shapes do not go together.

    Examples:
        >>> features = torch.tensor([[1.0, 2.0], [1.0, 2.0], [3.0, 0.0]])
        >>> modality_aware_center(features, torch.tensor([0, 0, 1]))  # every image is its center: ln 2
        tensor(0.6931)
    """
    require_choice("distance", distance, DISTANCES)
    require_choice("reduction", reduction, REDUCTIONS)
    targets = torch.as_tensor(targets, device=features.device)
    require_shapes(features=(features, "B D"), targets=(targets, "B"))
    require_positives("modality_aware_center", targets)
    terms = F.softplus(_DISTANCES[distance](features, identity_centers(features, targets)))  # (B,)
    return terms.mean() if reduction == "mean" else terms.sum()
