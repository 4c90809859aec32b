"""MUN's losses (MUN, sections 3.3 and 3.4)."""

import torch.nn.functional as F
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.errors import InputError
from fastreid_mm.layers import ModalityPrototypes, identity_classifier
from fastreid_mm.losses import batch_hard_triplet, identity_alignment
from fastreid_mm.modeling.config_checks import label_smoothing, require_choice
from fastreid_mm.modeling.heads.modality_alignment import ModalityAlignment


class ModalityUnifyingHead(nn.Module):
    """Turns the features of visible, infrared and auxiliary modality into losses, weighted already.

    Always ``loss_id`` (eq. 10) and ``loss_tri``; the others need auxiliary features, ``loss_ma`` only with its bridge.

    Args:
        dim: channels D of a feature.
        num_classes: training identities.
        triplet_margin: of ``loss_tri``.
        simple_aux_id: ``loss_aux_id``, a classifier of its own on auxiliary features (table 1, "+Aux").
        consistency: weight of ``loss_idc`` (eq. 11); 0 leaves it out, and so below.
        identity: weight of ``loss_ia`` (eq. 12).
        identity_margin: its alpha.
        modality: weight of ``loss_ma`` (eq. 16).
        alignment: what computes ``loss_ma``; None leaves it out.
        normalized: give ``loss_ia`` features of length one.
        label_smoothing: of the identity losses: ``loss_id``, ``loss_aux_id`` and ``loss_idc``.
    """

    def __init__(self, dim: int, num_classes: int, triplet_margin: float = 0.3, simple_aux_id: bool = False,
                 consistency: float = 0.25, identity: float = 0.5, identity_margin: float = 0.55,
                 modality: float = 0.008, alignment: ModalityAlignment | None = None, normalized: bool = False,
                 label_smoothing: float = 0.0):
        super().__init__()
        self.classifiers = nn.ModuleList(identity_classifier(dim, num_classes) for _ in range(2))
        self.classifier_auxiliary = identity_classifier(dim, num_classes) if simple_aux_id else None
        self.alignment = alignment
        self.triplet_margin, self.identity_margin = triplet_margin, identity_margin
        self.consistency, self.identity, self.modality = consistency, identity, modality
        self.normalized, self.label_smoothing = normalized, label_smoothing

    def forward(self, before: Tensor, after: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """Features before and after the BNNeck and the identities of a modality's rows to 0-d losses.

        Args:
            before, after: (M, B, D), visible, infrared and, if there is an auxiliary modality, that.
            targets: (B,).
        """
        losses = {
            "loss_id": sum(self._classify(layer, z, targets) for layer, z in zip(self.classifiers, after)),
            "loss_tri": batch_hard_triplet(before[:2].flatten(0, 1), targets.repeat(2), self.triplet_margin),
        }
        if self.classifier_auxiliary is not None:
            losses["loss_aux_id"] = self._classify(self.classifier_auxiliary, after[2], targets)
        if self.consistency:
            terms = [self._classify(layer, after[2], targets) for layer in self.classifiers]
            losses["loss_idc"] = self.consistency * sum(terms)
        if self.identity:
            features = F.normalize(before, dim=-1) if self.normalized else before
            losses["loss_ia"] = self.identity * identity_alignment(*features, targets, margin=self.identity_margin)
        if self.alignment is not None:
            losses["loss_ma"] = self.modality * self.alignment(before, targets)
        return losses

    def _classify(self, classifier: nn.Linear, features: Tensor, targets: Tensor) -> Tensor:
        return F.cross_entropy(classifier(features), targets, label_smoothing=self.label_smoothing)


def build_unifying_head(cfg: CfgNode, dim: int, images_per_process: int) -> ModalityUnifyingHead:
    """The head that ``MODEL.MUN`` describes.

    Args:
        cfg: the config.
        dim: channels D of a feature.
        images_per_process: images of one modality in a process's batch.

    Raises:
        InputError: a loss needs an auxiliary modality and there is none, there is one that no loss needs, or a value is
            impossible.
    """
    options = cfg.MODEL.MUN
    require_choice(cfg, "MODEL.MUN.IA_FEATURES", ("raw", "normalized"))
    weights = {key: options[f"{key}_WEIGHT"] if options[key] else 0.0 for key in ("IDC", "IA", "MA")}
    used = {"SIMPLE_AUX_ID": options.SIMPLE_AUX_ID, "IDC": weights["IDC"], "IA": weights["IA"],
            "BRIDGE": options.BRIDGE and weights["MA"]}
    using = [key for key, value in used.items() if value]
    if options.AUXILIARY == "none" and using:
        raise InputError(f"MODEL.MUN.AUXILIARY is none: MODEL.MUN.{using[0]}, which needs it, must be False too")
    if options.AUXILIARY != "none" and not using:
        raise InputError(f"MODEL.MUN.AUXILIARY is {options.AUXILIARY} and no loss uses it: set it to none")
    return ModalityUnifyingHead(
        dim, cfg.MODEL.HEADS.NUM_CLASSES, options.TRIPLET_MARGIN, options.SIMPLE_AUX_ID, consistency=weights["IDC"],
        identity=weights["IA"], identity_margin=options.IA_MARGIN, modality=weights["MA"],
        alignment=_build_alignment(cfg, dim, images_per_process) if weights["MA"] else None,
        normalized=options.IA_FEATURES == "normalized", label_smoothing=label_smoothing(cfg))


def _build_alignment(cfg: CfgNode, dim: int, images_per_process: int) -> ModalityAlignment:
    options, per_identity = cfg.MODEL.MUN, 0
    require_choice(cfg, "MODEL.MUN.PROTOTYPE_MEMORY", ("slot", "identity"))
    if options.PROTOTYPE_LR_FACTOR < 0:
        raise InputError(f"MODEL.MUN.PROTOTYPE_LR_FACTOR {options.PROTOTYPE_LR_FACTOR} is negative")
    if not options.PROTOTYPE:
        return ModalityAlignment(None, options.BRIDGE)
    num_slots = images_per_process
    if options.PROTOTYPE_MEMORY == "identity":
        per_identity = cfg.DATALOADER.NUM_INSTANCE
        num_slots = cfg.MODEL.HEADS.NUM_CLASSES * per_identity
    prototypes = ModalityPrototypes(dim, num_slots, num_modalities=3 if options.BRIDGE else 2)
    prototypes.maps.requires_grad_(options.PROTOTYPE_LR_FACTOR > 0)
    return ModalityAlignment(prototypes, options.BRIDGE, per_identity)
