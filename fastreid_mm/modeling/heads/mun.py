"""MUN's head: the losses of visible, infrared and auxiliary features.

Yu et al., "Modality Unifying Network for Visible-Infrared Person Re-Identification", ICCV 2023, sections 3.3 and 3.4,
https://arxiv.org/abs/2309.06262
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.errors import InputError
from fastreid_mm.layers import ModalityPrototypes, identity_classifier
from fastreid_mm.losses import batch_hard_triplet, identity_alignment, maximum_mean_discrepancy
from fastreid_mm.losses.geometry import same_identity
from fastreid_mm.losses.total import total
from fastreid_mm.modality import INFRARED, VISIBLE
from fastreid_mm.modeling.config_checks import label_smoothing, require_choice

AUXILIARY = 2
"""The third modality of the features that the head takes, after ``VISIBLE`` and ``INFRARED``."""


class ModalityAlignment(nn.Module):
    """Brings the modalities of each identity together, by their maximum mean discrepancy (eq. 15 and 16).

    Args:
        prototypes: what is compared instead of the features themselves; None compares the features (table 3).
        bridge: compare visible and infrared each with auxiliary features, or directly with each other (table 3).
        rows_per_identity: how many rows each identity has in a memory of prototypes that belong to identities; 0 for
            the paper's memory, whose rows belong to places in the batch.
        weight: weight of the loss.
    """

    def __init__(
        self,
        prototypes: ModalityPrototypes | None,
        bridge: bool = True,
        rows_per_identity: int = 0,
        weight: float = 0.008,
    ) -> None:
        super().__init__()
        self.prototypes = prototypes
        self.num_modalities = 3 if bridge else 2
        self.pairs = [(VISIBLE, AUXILIARY), (AUXILIARY, INFRARED)] if bridge else [(VISIBLE, INFRARED)]
        self.rows_per_identity, self.weight = rows_per_identity, weight

    def forward(self, features: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """(M, B, D) visible, infrared and, for a bridge, auxiliary features, and (B,) targets to ``loss_ma``."""
        features = features[: self.num_modalities]
        if self.prototypes is not None:
            features = self.prototypes(features, self._slots(targets))
        identities = targets.unique()
        members = [features[:, targets == identity] for identity in identities]  # (M, K, D) each
        distance = total(maximum_mean_discrepancy(rows[a], rows[b]) for rows in members for a, b in self.pairs)
        return {"loss_ma": self.weight * (distance / len(identities))}

    def _slots(self, targets: Tensor) -> Tensor:
        """Which row of the memory each sample has, (B,)."""
        if not self.rows_per_identity:
            return torch.arange(len(targets), device=targets.device)
        earlier = same_identity(targets).tril(-1).sum(dim=1)  # (B,) how many of the identity came before
        return targets * self.rows_per_identity + earlier


class MUNHead(nn.Module):
    """The losses of visible, infrared and auxiliary features, which the paper's tables switch on and off.

    Only ``loss_id`` (eq. 10) and ``loss_tri`` are always among them. The others need auxiliary features, except for
    ``loss_ma`` without its bridge.

    Args:
        dim: channels D of a feature.
        num_classes: how many identities there are in training.
        triplet_margin: margin of ``loss_tri``.
        simple_aux_id: whether there is ``loss_aux_id``, by a separate classifier of auxiliary features (table 1,
            "+Aux").
        consistency: weight of ``loss_idc`` (eq. 11); 0 leaves the loss out.
        identity: weight of ``loss_ia`` (eq. 12); 0 leaves the loss out.
        identity_margin: alpha, the margin of ``loss_ia``.
        alignment: computes ``loss_ma``; None leaves the loss out.
        normalized: whether ``loss_ia`` takes features of length one.
        label_smoothing: label smoothing of the identity losses ``loss_id``, ``loss_aux_id`` and ``loss_idc``.
    """

    def __init__(
        self,
        dim: int,
        num_classes: int,
        triplet_margin: float = 0.3,
        simple_aux_id: bool = False,
        consistency: float = 0.25,
        identity: float = 0.5,
        identity_margin: float = 0.55,
        alignment: ModalityAlignment | None = None,
        normalized: bool = False,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__()
        self.classifiers = nn.ModuleList(identity_classifier(dim, num_classes) for _ in range(2))
        self.classifier_auxiliary = identity_classifier(dim, num_classes) if simple_aux_id else None
        self.alignment = alignment
        self.triplet_margin, self.identity_margin = triplet_margin, identity_margin
        self.consistency, self.identity = consistency, identity
        self.normalized, self.label_smoothing = normalized, label_smoothing

    def forward(self, before: Tensor, after: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """Features and their identities to losses.

        Args:
            before: (M, B, D) features before the BNNeck: visible, infrared and perhaps auxiliary ones.
            after: (M, B, D) the same after the BNNeck.
            targets: (B,) identity labels, the same for all modalities.
        """
        losses = {
            "loss_id": total(self._classify(layer, z, targets) for layer, z in zip(self.classifiers, after)),
            "loss_tri": batch_hard_triplet(before[:2].flatten(0, 1), targets.repeat(2), self.triplet_margin),
        }
        if self.classifier_auxiliary is not None:
            losses["loss_aux_id"] = self._classify(self.classifier_auxiliary, after[AUXILIARY], targets)
        if self.consistency:
            terms = [self._classify(layer, after[AUXILIARY], targets) for layer in self.classifiers]
            losses["loss_idc"] = self.consistency * total(terms)
        if self.identity:
            features = F.normalize(before, dim=-1) if self.normalized else before
            visible, infrared, auxiliary = features
            losses["loss_ia"] = self.identity * identity_alignment(
                visible, infrared, auxiliary, targets, margin=self.identity_margin
            )
        if self.alignment is not None:
            losses |= self.alignment(before, targets)
        return losses

    def _classify(self, classifier: nn.Module, features: Tensor, targets: Tensor) -> Tensor:
        return F.cross_entropy(classifier(features), targets, label_smoothing=self.label_smoothing)


def build_mun_head(cfg: CfgNode, dim: int) -> MUNHead:
    """Build the head that ``MODEL.MUN`` describes.

    Args:
        cfg: the config.
        dim: channels D of a feature.

    Raises:
        InputError: a loss needs an auxiliary modality and there is none, there is one that no loss needs, or a value is
            impossible.
    """
    options = cfg.MODEL.MUN
    require_choice(cfg, "MODEL.MUN.IA_FEATURES", ("raw", "normalized"))
    weights = {key: options[f"{key}_WEIGHT"] if options[key] else 0.0 for key in ("IDC", "IA", "MA")}
    used = {
        "SIMPLE_AUX_ID": options.SIMPLE_AUX_ID,
        "IDC": weights["IDC"],
        "IA": weights["IA"],
        "BRIDGE": options.BRIDGE and weights["MA"],
    }
    using = [key for key, value in used.items() if value]
    if options.AUXILIARY == "none" and using:
        raise InputError(f"MODEL.MUN.AUXILIARY is none: MODEL.MUN.{using[0]}, which needs it, must be False too")
    if options.AUXILIARY != "none" and not using:
        raise InputError(f"MODEL.MUN.AUXILIARY is {options.AUXILIARY} and no loss uses it: set it to none")
    return MUNHead(
        dim,
        cfg.MODEL.HEADS.NUM_CLASSES,
        options.TRIPLET_MARGIN,
        options.SIMPLE_AUX_ID,
        consistency=weights["IDC"],
        identity=weights["IA"],
        identity_margin=options.IA_MARGIN,
        alignment=_build_alignment(cfg, dim) if weights["MA"] else None,
        normalized=options.IA_FEATURES == "normalized",
        label_smoothing=label_smoothing(cfg),
    )


def _build_alignment(cfg: CfgNode, dim: int) -> ModalityAlignment:
    options, per_identity = cfg.MODEL.MUN, 0
    require_choice(cfg, "MODEL.MUN.PROTOTYPE_MEMORY", ("slot", "identity"))
    if options.PROTOTYPE_LR_FACTOR < 0:
        raise InputError(f"MODEL.MUN.PROTOTYPE_LR_FACTOR {options.PROTOTYPE_LR_FACTOR} is negative")
    if not options.PROTOTYPE:
        return ModalityAlignment(None, options.BRIDGE, weight=options.MA_WEIGHT)
    num_slots = cfg.SOLVER.IMS_PER_BATCH // 2
    if options.PROTOTYPE_MEMORY == "identity":
        per_identity = cfg.DATALOADER.NUM_INSTANCE
        num_slots = cfg.MODEL.HEADS.NUM_CLASSES * per_identity
    prototypes = ModalityPrototypes(dim, num_slots, num_modalities=3 if options.BRIDGE else 2)
    prototypes.maps.requires_grad_(options.PROTOTYPE_LR_FACTOR > 0)
    return ModalityAlignment(prototypes, options.BRIDGE, per_identity, options.MA_WEIGHT)
