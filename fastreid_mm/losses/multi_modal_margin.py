"""Multi-modal margin loss: the modalities of an identity keep a distance (IEEE, eq. 6)."""

from itertools import combinations

import torch
import torch.nn.functional as F
from torch import Tensor

from fastreid_mm.layers.shapes import require_shapes
from fastreid_mm.losses.geometry import identity_centers

DISTANCES = ("l2sq", "l2")


def multi_modal_margin(features: Tensor, targets: Tensor, margin: float = 1.0, distance: str = "l2sq",
                       reduction: str = "sum", normalize: bool = True) -> Tensor:
    """How far the worst pair of an identity's modality centres is from the margin: ``max |margin - d(c_m, c_n)|``.

    The paper writes the Euclidean distance; the released code squares it, takes features of length one and sums over
    the identities of the batch, which are the defaults.

    Args:
        features: (B, M, D), one a modality.
        targets: (B,) identity labels, in any order.
        margin: the distance wanted.
        distance: "l2sq" or "l2".
        reduction: "sum" or "mean" over the identities.
        normalize: bring every feature to length one first.

    Returns:
        A 0-d tensor.

    Raises:
        ValueError: an unknown distance or reduction, a single modality, or tensors of other shapes.
    """
    if distance not in DISTANCES:
        raise ValueError(f"distance {distance!r} is not one of {', '.join(DISTANCES)}")
    if reduction not in ("sum", "mean"):
        raise ValueError(f"reduction {reduction!r} is neither sum nor mean")
    targets = torch.as_tensor(targets, device=features.device)
    require_shapes(features=(features, "B M D"), targets=(targets, "B"))
    modalities = features.shape[1]
    if modalities < 2:
        raise ValueError("multi_modal_margin needs at least two modalities")
    if normalize:
        features = F.normalize(features, dim=-1)
    centers = identity_centers(features.flatten(1), targets)[0].unflatten(1, (modalities, -1))  # (P, M, D)
    squared = torch.stack([(centers[:, m] - centers[:, n]).square().sum(-1)
                           for m, n in combinations(range(modalities), 2)])  # (pairs, P)
    found = squared if distance == "l2sq" else squared.clamp(min=1e-12).sqrt()
    worst = (margin - found).abs().amax(0)
    return worst.sum() if reduction == "sum" else worst.mean()
