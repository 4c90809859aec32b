"""The hetero-center triplet loss.

Liu et al., "Parameter Sharing Exploration and Hetero-Center Triplet Loss for Visible-Thermal Person Re-Identification",
TMM 2020, eq. 7, https://arxiv.org/abs/2008.06223; CMT takes it over (ECCV 2022, eq. 11).
"""

import torch
from torch import Tensor

from fastreid_mm.layers.exporting import is_readable
from fastreid_mm.layers.shapes import require_shapes
from fastreid_mm.losses.full_precision import full_precision
from fastreid_mm.losses.geometry import (
    euclidean_matrix,
    first_of,
    hardest_hinge,
    modality_centers,
    over_identities,
    same_identity,
)
from fastreid_mm.losses.label_checks import require_two_identities


@full_precision
def hetero_center_triplet(features: Tensor, targets: Tensor, modalities: Tensor, margin: float = 0.3) -> Tensor:
    """Compute a triplet loss on centers, one for each identity and modality of the batch.

        L = mean_i [margin + max_j d(c_i, c_j) - min_k d(c_i, c_k)]_+

    Every center c_i is an anchor. Its positive j is the center of its identity in the other modality, its negative k
    the nearest center of any other identity in either modality. The distance d is Euclidean, and the features are not
    normalized.

    Args:
        features: (B, D).
        targets: (B,) identity labels.
        modalities: (B,) modality labels, 0 = visible, 1 = infrared.
        margin: by how much the negative must be farther away.

    Returns:
        A 0-d tensor.

    Raises:
        ValueError: an identity of the batch lacks a modality, a label is of neither, there is a single identity, or
            the shapes do not go together.

    Examples:
        >>> features = torch.tensor([[0.0], [1.0], [3.0], [5.0]])
        >>> hetero_center_triplet(features, torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 0, 1]), margin=2.0)
        tensor(0.7500)
    """
    targets, modalities = (torch.as_tensor(labels, device=features.device) for labels in (targets, modalities))
    require_shapes(features=(features, "B D"), targets=(targets, "B"), modalities=(modalities, "B"))
    require_two_identities("hetero_center_triplet", targets)
    visible, infrared = modality_centers(features, targets, modalities)  # (B, D) each
    if is_readable(targets):  # an identity once: distances of repeated centers are most of the time of a step on a CPU
        once = first_of(same_identity(targets)).unique()
        visible, infrared, targets = visible[once], infrared[once], targets[once]
    centers = torch.cat([visible, infrared])  # (2B, D), or once an identity
    same = same_identity(targets.repeat(2))
    hinge = hardest_hinge(euclidean_matrix(centers, centers), same, ~same, margin)  # (2B,)
    return over_identities(hinge.unflatten(0, (2, -1)).mean(0), targets, "mean")
