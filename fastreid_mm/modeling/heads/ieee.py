"""IEEE's head: a branch of part features for each modality, and the loss that keeps the modalities apart.

Wang et al., "Interact, Embed, and EnlargE: Boosting Modality-Specific Representations for Multi-Modal Person
Re-identification", AAAI 2022, https://ojs.aaai.org/index.php/AAAI/article/view/20165
"""

from itertools import combinations
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.layers import RelationEmbedding
from fastreid_mm.layers.choices import REDUCTIONS
from fastreid_mm.layers.cross_modal_interaction import pointwise_conv
from fastreid_mm.losses import center_loss, hetero_center, multi_modal_margin
from fastreid_mm.losses.multi_modal_margin import DISTANCES
from fastreid_mm.losses.total import total
from fastreid_mm.modality import INFRARED, VISIBLE
from fastreid_mm.modeling.config_checks import require_choice

LOSSES = ("3m", "hetero_center", "center", "none")


class PartBranch(nn.Module):
    """Part features of one modality: pooled, reduced, related to the whole image, embedded and classified.

    Args:
        in_dim: channels C of the maps.
        reduced_dim: channels after the 1 x 1 convolution, which all parts and the whole share.
        dim: channels d of a part feature.
        parts: how many horizontal parts p the maps are cut into.
        num_classes: how many identities there are in training.
        relation: relates the parts to the whole, over ``reduced_dim`` channels; None leaves it out.
        label_smoothing: label smoothing of the identity loss.
    """

    def __init__(
        self,
        in_dim: int,
        reduced_dim: int,
        dim: int,
        parts: int,
        num_classes: int,
        relation: RelationEmbedding | None,
        label_smoothing: float = 0.1,
    ) -> None:
        super().__init__()
        self.parts, self.label_smoothing = parts, label_smoothing
        self.reduce = pointwise_conv(in_dim, reduced_dim)
        self.relation = relation
        self.embed = nn.ModuleList(
            nn.Sequential(nn.Linear(reduced_dim, dim), nn.BatchNorm1d(dim), nn.ReLU()) for _ in range(parts)
        )
        self.classifiers = nn.ModuleList(nn.Linear(dim, num_classes) for _ in range(parts))

    def features(self, maps: Tensor, whole: Tensor) -> Tensor:
        """Maps to part features.

        Args:
            maps: (B, C, H, W), from which the parts are pooled.
            whole: (B, C, H, W), from which the feature of the whole image is pooled.

        Returns:
            (B, p, d).
        """
        parts = self.reduce(F.adaptive_avg_pool2d(maps, (self.parts, 1))).squeeze(3).mT  # (B, p, reduced)
        # as in the released code, without a relation too: the BatchNorm of the reduction sees both
        whole = self.reduce(F.adaptive_avg_pool2d(whole, 1)).flatten(1)  # (B, reduced)
        if self.relation is not None:
            parts = self.relation(parts, whole)
        return torch.stack([embed(part) for embed, part in zip(self.embed, parts.unbind(1))], dim=1)

    def forward(self, parts: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """(B, p, d) part features and (B,) targets to ``loss_id``, summed over the parts (eq. 7)."""
        return {
            "loss_id": total(
                F.cross_entropy(classifier(part), targets, label_smoothing=self.label_smoothing)
                for classifier, part in zip(self.classifiers, parts.unbind(1))
            )
        }


class MultiModalMargin(nn.Module):
    """The multi-modal margin loss "3M" (eq. 6), see :func:`multi_modal_margin` for the arguments."""

    def __init__(self, weight: float, margin: float, distance: str, reduction: str, normalize: bool) -> None:
        super().__init__()
        self.weight = weight
        self.arguments: dict[str, Any] = {
            "margin": margin,
            "distance": distance,
            "reduction": reduction,
            "normalize": normalize,
        }

    def forward(self, features: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """(B, M, D) features and (B,) targets to ``loss_3m``."""
        return {"loss_3m": self.weight * multi_modal_margin(features, targets, **self.arguments)}


class HeteroCenterPairs(nn.Module):
    """The hetero-center loss of features of length one, summed over identities and pairs of modalities (figure 7).

    The released code brings the features to length one and sums, as for its margin loss.
    """

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, features: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """(B, M, D) features and (B,) targets to ``loss_hetero_center``."""
        # the loss needs the labels of two modalities: every pair gets the same, whichever modalities it has
        labels = torch.tensor([VISIBLE, INFRARED], device=targets.device).repeat_interleave(len(targets))
        streams = F.normalize(features, dim=-1).unbind(1)
        pulled = total(
            hetero_center(torch.cat(pair), targets.repeat(2), labels, reduction="sum")
            for pair in combinations(streams, 2)
        )
        return {"loss_hetero_center": self.weight * pulled}


class CenterOfAll(nn.Module):
    """The center loss on the concatenated features of all modalities, with a learned center an identity (figure 7)."""

    def __init__(self, dim: int, num_classes: int, weight: float) -> None:
        super().__init__()
        self.centers = nn.Parameter(torch.randn(num_classes, dim))
        self.weight = weight

    def forward(self, features: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """(B, M, D) features and (B,) targets to ``loss_center``."""
        return {"loss_center": self.weight * center_loss(features.flatten(1), targets, self.centers)}


def build_modality_loss(cfg: CfgNode, dim: int) -> nn.Module | None:
    """Build the loss that ``MODEL.IEEE.LOSS`` names, on (B, M, D) features with M times D = ``dim``; None for "none".

    Raises:
        InputError: an unknown value.
    """
    options = cfg.MODEL.IEEE
    for key, known in (("LOSS", LOSSES), ("MARGIN_DISTANCE", DISTANCES), ("MARGIN_REDUCTION", REDUCTIONS)):
        require_choice(cfg, f"MODEL.IEEE.{key}", known)
    if options.LOSS == "3m":
        return MultiModalMargin(
            options.LOSS_WEIGHT,
            options.MARGIN,
            options.MARGIN_DISTANCE,
            options.MARGIN_REDUCTION,
            options.MARGIN_NORMALIZE,
        )
    if options.LOSS == "hetero_center":
        return HeteroCenterPairs(options.LOSS_WEIGHT)
    if options.LOSS == "center":
        return CenterOfAll(dim, cfg.MODEL.HEADS.NUM_CLASSES, options.LOSS_WEIGHT)
    return None
