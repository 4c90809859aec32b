"""IEEE's multi-modal margin loss, and the losses that its figure 7 puts in that place."""

from itertools import combinations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.losses import hetero_center, multi_modal_margin
from fastreid_mm.losses.multi_modal_margin import DISTANCES
from fastreid_mm.modeling.config_checks import require_choice
from fastreid_mm.modeling.heads.alignment import CenterAlignment

LOSSES = ("3m", "hetero_center", "center", "none")


class MultiModalMargin(nn.Module):
    """See :func:`multi_modal_margin`."""

    def __init__(self, weight: float, margin: float, distance: str, reduction: str, normalize: bool):
        super().__init__()
        self.weight = weight
        self.arguments = {"margin": margin, "distance": distance, "reduction": reduction, "normalize": normalize}

    def forward(self, features: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """(B, M, D) features and (B,) targets to a weighted 0-d loss."""
        return {"loss_3m": self.weight * multi_modal_margin(features, targets, **self.arguments)}


class HeteroCenterPairs(nn.Module):
    """Hetero-centre loss of features of length one, summed over identities and pairs of modalities.

    The released code brings the features to length one and sums, as for its margin loss.
    """

    def __init__(self, weight: float):
        super().__init__()
        self.weight = weight

    def forward(self, features: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """(B, M, D) features and (B,) targets to a weighted 0-d loss."""
        modalities = torch.arange(2, device=targets.device).repeat_interleave(len(targets))
        streams = F.normalize(features, dim=-1).unbind(1)
        total = sum(hetero_center(torch.cat(pair), targets.repeat(2), modalities, reduction="sum")
                    for pair in combinations(streams, 2))
        return {"loss_hetero_center": self.weight * total}


class CenterOfAll(CenterAlignment):
    """Centre loss on the features of all modalities in one vector."""

    def forward(self, features: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """(B, M, D) features and (B,) targets to a weighted 0-d loss."""
        return super().forward(features.flatten(1), targets)


def build_modality_loss(cfg: CfgNode, dim: int) -> nn.Module | None:
    """The loss that ``MODEL.IEEE.LOSS`` names, on (B, M, D) features with M times D = ``dim``; None for "none".

    Raises:
        InputError: an unknown value.
    """
    options = cfg.MODEL.IEEE
    for key, known in (("LOSS", LOSSES), ("MARGIN_DISTANCE", DISTANCES), ("MARGIN_REDUCTION", ("sum", "mean"))):
        require_choice(cfg, f"MODEL.IEEE.{key}", known)
    if options.LOSS == "3m":
        return MultiModalMargin(options.LOSS_WEIGHT, options.MARGIN, options.MARGIN_DISTANCE, options.MARGIN_REDUCTION,
                                options.MARGIN_NORMALIZE)
    if options.LOSS == "hetero_center":
        return HeteroCenterPairs(options.LOSS_WEIGHT)
    if options.LOSS == "center":
        return CenterOfAll(dim, cfg.MODEL.HEADS.NUM_CLASSES, options.LOSS_WEIGHT)
    return None
