"""MUN's losses (MUN, sections 3.3 and 3.4)."""

import torch.nn.functional as F
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.errors import InputError
from fastreid_mm.layers import ModalityPrototypes, identity_classifier
from fastreid_mm.losses import batch_hard_triplet, identity_alignment
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
        alignment: what computes ``loss_ma``.
    """

    def __init__(self, dim: int, num_classes: int, triplet_margin: float = 0.3, simple_aux_id: bool = False,
                 consistency: float = 0.25, identity: float = 0.5, identity_margin: float = 0.55,
                 modality: float = 0.008, alignment: ModalityAlignment | None = None):
        super().__init__()
        self.classifiers = nn.ModuleList(identity_classifier(dim, num_classes) for _ in range(2))
        self.classifier_auxiliary = identity_classifier(dim, num_classes) if simple_aux_id else None
        self.alignment = alignment
        self.triplet_margin, self.identity_margin = triplet_margin, identity_margin
        self.consistency, self.identity, self.modality = consistency, identity, modality

    def forward(self, before: Tensor, after: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """Features before and after the BNNeck and the identities of a modality's rows to 0-d losses.

        Args:
            before, after: (M, B, D), visible, infrared and, if there is an auxiliary modality, that.
            targets: (B,).
        """
        losses = {
            "loss_id": sum(F.cross_entropy(layer(z), targets) for layer, z in zip(self.classifiers, after)),
            "loss_tri": batch_hard_triplet(before[:2].flatten(0, 1), targets.repeat(2), self.triplet_margin),
        }
        if self.classifier_auxiliary is not None:
            losses["loss_aux_id"] = F.cross_entropy(self.classifier_auxiliary(after[2]), targets)
        if self.consistency:
            terms = [F.cross_entropy(layer(after[2]), targets) for layer in self.classifiers]
            losses["loss_idc"] = self.consistency * sum(terms)
        if self.identity:
            losses["loss_ia"] = self.identity * identity_alignment(*before, targets, margin=self.identity_margin)
        if self.alignment is not None:
            losses["loss_ma"] = self.modality * self.alignment(before, targets)
        return losses


def build_unifying_head(cfg: CfgNode, dim: int, images_per_process: int) -> ModalityUnifyingHead:
    """The head that ``MODEL.MUN`` describes.

    Args:
        cfg: the config.
        dim: channels D of a feature.
        images_per_process: images of one modality in a process's batch.

    Raises:
        InputError: a loss needs an auxiliary modality and there is none, or there is one that no loss needs.
    """
    options = cfg.MODEL.MUN
    using = [key for key in ("SIMPLE_AUX_ID", "IDC", "IA") if options[key]]
    using += ["BRIDGE"] if options.MA and options.BRIDGE else []
    if options.AUXILIARY == "none" and using:
        raise InputError(f"MODEL.MUN.AUXILIARY is none: MODEL.MUN.{using[0]}, which needs it, must be False too")
    if options.AUXILIARY != "none" and not using:
        raise InputError(f"MODEL.MUN.AUXILIARY is {options.AUXILIARY} and no loss uses it: set it to none")
    return ModalityUnifyingHead(
        dim, cfg.MODEL.HEADS.NUM_CLASSES, options.TRIPLET_MARGIN, options.SIMPLE_AUX_ID,
        options.IDC_WEIGHT if options.IDC else 0.0, options.IA_WEIGHT if options.IA else 0.0, options.IA_MARGIN,
        options.MA_WEIGHT, _build_alignment(cfg, dim, images_per_process) if options.MA else None)


def _build_alignment(cfg: CfgNode, dim: int, images_per_process: int) -> ModalityAlignment:
    options, per_identity = cfg.MODEL.MUN, 0
    if options.PROTOTYPE_MEMORY not in ("slot", "identity"):
        raise InputError(f"MODEL.MUN.PROTOTYPE_MEMORY {options.PROTOTYPE_MEMORY!r} is neither slot nor identity")
    if not options.PROTOTYPE:
        return ModalityAlignment(None, options.BRIDGE)
    num_slots = images_per_process
    if options.PROTOTYPE_MEMORY == "identity":
        per_identity = cfg.DATALOADER.NUM_INSTANCE
        num_slots = cfg.MODEL.HEADS.NUM_CLASSES * per_identity
    prototypes = ModalityPrototypes(dim, num_slots, num_modalities=3 if options.BRIDGE else 2)
    return ModalityAlignment(prototypes, options.BRIDGE, per_identity)
