"""CMTR's head: the modality-aware enhancement loss, and the center losses that its table 5 puts in that place.

Liang et al., "CMTR: Cross-modality Transformer for Visible-infrared Person Re-identification", 2021,
https://arxiv.org/abs/2110.08994
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.errors import InputError
from fastreid_mm.layers import ModalityRemoval, identity_classifier
from fastreid_mm.layers.choices import REDUCTIONS
from fastreid_mm.layers.modality_removal import MAPPINGS
from fastreid_mm.losses import center_loss, hetero_center, modality_aware_center
from fastreid_mm.losses.modality_aware_center import DISTANCES
from fastreid_mm.modeling.config_checks import label_smoothing, require_choice


class ModalityAwareEnhancement(nn.Module):
    """Center loss (eq. 4) and identity loss (eq. 5) on features from which their modality is removed.

    Args:
        dim: channels D of a feature.
        num_classes: how many identities there are in training.
        weight: lambda, the weight of both losses.
        center: whether there is the center loss (table 3).
        identity: whether there is the identity loss (table 3).
        mapping: phi (table 7), see :class:`ModalityRemoval`.
        distance: distance of the center loss (table 7), see :func:`modality_aware_center`.
        reduction: "mean" or "sum" over the batch, for both losses.
        label_smoothing: label smoothing of the identity loss.
    """

    def __init__(
        self,
        dim: int,
        num_classes: int,
        weight: float = 4.0,
        center: bool = True,
        identity: bool = True,
        mapping: str = "fc",
        distance: str = "cosine",
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__()
        self.removal = ModalityRemoval(dim, mapping=mapping)
        self.classifier = identity_classifier(dim, num_classes) if identity else None
        self.weight, self.center, self.distance, self.reduction = weight, center, distance, reduction
        self.label_smoothing = label_smoothing

    def forward(self, features: Tensor, targets: Tensor, modalities: Tensor, embeddings: Tensor) -> dict[str, Tensor]:
        """(B, D) features, (B,) targets, (B,) modalities, (M, D) embeddings to ``loss_mac`` and ``loss_maid``."""
        removed = self.removal(features, modalities, embeddings)  # (B, D), "g"
        losses = {}
        if self.center:
            losses["loss_mac"] = self.weight * modality_aware_center(removed, targets, self.distance, self.reduction)
        if self.classifier is not None:
            logits = self.classifier(removed)
            losses["loss_maid"] = self.weight * F.cross_entropy(
                logits, targets, reduction=self.reduction, label_smoothing=self.label_smoothing
            )
        return losses


class CenterAlignment(nn.Module):
    """The center loss on features that keep their modality, with a learned center an identity (table 5)."""

    def __init__(self, dim: int, num_classes: int, weight: float) -> None:
        super().__init__()
        self.centers = nn.Parameter(torch.randn(num_classes, dim))
        self.weight = weight

    def forward(self, features: Tensor, targets: Tensor, *_: Tensor) -> dict[str, Tensor]:
        """(B, D) features and (B,) targets to ``loss_center``."""
        return {"loss_center": self.weight * center_loss(features, targets, self.centers)}


class HeteroCenterAlignment(nn.Module):
    """The hetero-center loss on features that keep their modality (table 5)."""

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, features: Tensor, targets: Tensor, modalities: Tensor, *_: Tensor) -> dict[str, Tensor]:
        """(B, D) features, (B,) targets and (B,) modalities to ``loss_hetero_center``."""
        return {"loss_hetero_center": self.weight * hetero_center(features, targets, modalities)}


def build_alignment(cfg: CfgNode, dim: int) -> nn.Module | None:
    """Build the head that ``MODEL.CMTR.ALIGNMENT`` names; None if both parts of the enhancement loss are off.

    Raises:
        InputError: an unknown value, or an enhancement loss without modality embeddings to remove.
    """
    options, num_classes = cfg.MODEL.CMTR, cfg.MODEL.HEADS.NUM_CLASSES
    require_choice(cfg, "MODEL.CMTR.ALIGNMENT", ("enhancement", "center", "hetero_center"))
    if options.ALIGNMENT == "center":
        return CenterAlignment(dim, num_classes, options.LAMBDA)
    if options.ALIGNMENT == "hetero_center":
        return HeteroCenterAlignment(options.LAMBDA)
    if not (options.MAC or options.MAID):
        return None
    if not options.MODALITY_EMBEDDING:
        raise InputError(
            "MODEL.CMTR.MODALITY_EMBEDDING is False: MODEL.CMTR.MAC and MODEL.CMTR.MAID, which take the "
            "embedding out of the feature, must be False too"
        )
    require_choice(cfg, "MODEL.CMTR.MAPPING", MAPPINGS)
    require_choice(cfg, "MODEL.CMTR.DISTANCE", DISTANCES)
    require_choice(cfg, "MODEL.CMTR.REDUCTION", REDUCTIONS)
    return ModalityAwareEnhancement(
        dim,
        num_classes,
        options.LAMBDA,
        options.MAC,
        options.MAID,
        options.MAPPING,
        options.DISTANCE,
        options.REDUCTION,
        label_smoothing(cfg),
    )
