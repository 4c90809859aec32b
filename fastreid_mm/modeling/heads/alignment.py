"""CMTR's modality-aware enhancement loss, and the centre losses its table 5 puts in that place."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.errors import InputError
from fastreid_mm.layers import ModalityRemoval, identity_classifier
from fastreid_mm.layers.modality_removal import MAPPINGS
from fastreid_mm.losses import center_loss, hetero_center, modality_aware_center
from fastreid_mm.losses.modality_aware_center import DISTANCES
from fastreid_mm.modeling.config_checks import label_smoothing, require_choice


class ModalityAwareEnhancement(nn.Module):
    """Centre and identity loss on features with their modality taken out (CMTR, section 3.3, eq. 4-6).

    Args:
        dim: channels D of a feature.
        num_classes: training identities.
        weight: lambda.
        center, identity: which of the two parts there are (table 3).
        mapping: phi (table 7), see :class:`ModalityRemoval`.
        distance: of the centre part (table 7), see :func:`modality_aware_center`.
        reduction: "mean" or "sum" over the batch, of both parts.
        label_smoothing: of the identity part.
    """

    def __init__(self, dim: int, num_classes: int, weight: float = 4.0, center: bool = True, identity: bool = True,
                 mapping: str = "fc", distance: str = "cosine", reduction: str = "mean", label_smoothing: float = 0.0):
        super().__init__()
        self.removal = ModalityRemoval(dim, mapping=mapping)
        self.classifier = identity_classifier(dim, num_classes) if identity else None
        self.weight, self.center, self.distance, self.reduction = weight, center, distance, reduction
        self.label_smoothing = label_smoothing

    def forward(self, features: Tensor, targets: Tensor, modalities: Tensor, embeddings: Tensor) -> dict[str, Tensor]:
        """(B, D) features, (B,) targets and modalities, (M, D) modality embeddings to weighted 0-d losses."""
        removed = self.removal(features, modalities, embeddings)  # (B, D), "g"
        losses = {}
        if self.center:
            losses["loss_mac"] = self.weight * modality_aware_center(removed, targets, self.distance, self.reduction)
        if self.classifier is not None:
            logits = self.classifier(removed)
            losses["loss_maid"] = self.weight * F.cross_entropy(logits, targets, reduction=self.reduction,
                                                                label_smoothing=self.label_smoothing)
        return losses


class CenterAlignment(nn.Module):
    """Centre loss on the features as they are: learnt centres, one an identity (table 5)."""

    def __init__(self, dim: int, num_classes: int, weight: float):
        super().__init__()
        self.centers = nn.Parameter(torch.randn(num_classes, dim))
        self.weight = weight

    def forward(self, features: Tensor, targets: Tensor, *_: Tensor) -> dict[str, Tensor]:
        """(B, D) features and (B,) targets to a weighted 0-d loss."""
        return {"loss_center": self.weight * center_loss(features, targets, self.centers)}


class HeteroCenterAlignment(nn.Module):
    """Hetero-centre loss on the features as they are (table 5)."""

    def __init__(self, weight: float):
        super().__init__()
        self.weight = weight

    def forward(self, features: Tensor, targets: Tensor, modalities: Tensor, *_: Tensor) -> dict[str, Tensor]:
        """(B, D) features, (B,) targets and modalities to a weighted 0-d loss."""
        return {"loss_hetero_center": self.weight * hetero_center(features, targets, modalities)}


def build_alignment(cfg: CfgNode, dim: int) -> nn.Module | None:
    """The head that ``MODEL.CMTR.ALIGNMENT`` names; None when both parts of the enhancement loss are off.

    Raises:
        InputError: an unknown value, or an enhancement loss without modality embeddings to take out.
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
        raise InputError("MODEL.CMTR.MODALITY_EMBEDDING is False: MODEL.CMTR.MAC and MODEL.CMTR.MAID, which take the "
                         "embedding out of the feature, must be False too")
    require_choice(cfg, "MODEL.CMTR.MAPPING", MAPPINGS)
    require_choice(cfg, "MODEL.CMTR.DISTANCE", DISTANCES)
    require_choice(cfg, "MODEL.CMTR.REDUCTION", ("mean", "sum"))
    return ModalityAwareEnhancement(dim, num_classes, options.LAMBDA, options.MAC, options.MAID, options.MAPPING,
                                    options.DISTANCE, options.REDUCTION, label_smoothing(cfg))
