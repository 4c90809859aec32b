"""IEEE's multi-modal margin loss (3M): the modalities of an identity keep a distance.

Wang et al., "Interact, Embed, and EnlargE: Boosting Modality-Specific Representations for Multi-Modal Person
Re-identification", AAAI 2022, eq. 6, https://ojs.aaai.org/index.php/AAAI/article/view/20165
"""

from itertools import combinations

import torch
import torch.nn.functional as F
from torch import Tensor

from fastreid_mm.common.errors import require_choice
from fastreid_mm.layers.choices import REDUCTIONS
from fastreid_mm.layers.shapes import require_shapes
from fastreid_mm.losses.full_precision import full_precision
from fastreid_mm.losses.geometry import identity_centers, over_identities

DISTANCES = ("l2sq", "l2")


@full_precision
def multi_modal_margin(
    features: Tensor,
    targets: Tensor,
    margin: float = 1.0,
    distance: str = "l2sq",
    reduction: str = "sum",
    normalize: bool = True,
) -> Tensor:
    """Measure how far the worst pair of an identity's modality centers is from the margin.

        L = sum_i max_(m, n) |margin - d(c_i^m, c_i^n)|

    with the centers c, the mean features of an identity in each modality. The paper writes the Euclidean distance; the
    released code squares it, brings the features to length one and sums over the identities of the batch, which are the
    defaults.

    Args:
        features: (B, M, D), one for each modality.
        targets: (B,) identity labels, in any order.
        margin: the distance that two modalities should have.
        distance: "l2sq" (squared Euclidean) or "l2" (Euclidean).
        reduction: "sum" or "mean" over the identities.
        normalize: whether to bring every feature to length one first.

    Returns:
        A 0-d tensor.

    Raises:
        ValueError: the distance or the reduction is unknown, there is a single modality, or the shapes do not go
            together.

    Examples:
        >>> features = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])  # one sample of two modalities
        >>> multi_modal_margin(features, torch.tensor([0]), margin=0.5)  # the squared distance is 2
        tensor(1.5000)
    """
    require_choice("distance", distance, DISTANCES)
    require_choice("reduction", reduction, REDUCTIONS)
    targets = torch.as_tensor(targets, device=features.device)
    require_shapes(features=(features, "B M D"), targets=(targets, "B"))
    modalities = features.shape[1]
    if modalities < 2:
        raise ValueError("multi_modal_margin needs at least two modalities")
    if normalize:
        features = F.normalize(features, dim=-1)
    centers = identity_centers(features.flatten(1), targets).unflatten(1, (modalities, -1))  # (B, M, D)
    squared = torch.stack(
        [(centers[:, m] - centers[:, n]).square().sum(-1) for m, n in combinations(range(modalities), 2)]
    )  # (pairs, B)
    distances = squared if distance == "l2sq" else squared.clamp(min=1e-12).sqrt()
    return over_identities((margin - distances).abs().amax(0), targets, reduction)
