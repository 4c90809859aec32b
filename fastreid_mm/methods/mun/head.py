"""MUN's head: a BNNeck and a classifier for each modality, for auxiliary features too."""

from collections.abc import Mapping

import torch
from fastreid.config import configurable
from fastreid.modeling.heads import REID_HEADS_REGISTRY
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.common.modality import VISIBLE
from fastreid_mm.layers import GeM, bn_neck, identity_classifier
from fastreid_mm.methods.mun.auxiliary import running_statistics_kept
from fastreid_mm.modeling.heads.head import Head, classes
from fastreid_mm.modeling.terms import needed_outputs

OF_PAIRS = ("pair_features", "pair_targets")
"""Outputs of pairs, one visible and one infrared image of an identity."""
OF_AUXILIARY = ("auxiliary_neck_features", "auxiliary_scores", "triple_features")
"""Outputs that are made of the auxiliary modality."""


@REID_HEADS_REGISTRY.register()
class MUNHead(Head):
    """Pools, and classifies after a BNNeck. The feature of an image is the one after it; compare by cosine.

    Args:
        dim: channels D of the maps.
        num_classes: how many identities there are in training.
        pool: pools maps.
        own_statistics: whether the neck normalizes auxiliary features by their own statistics.
        needed: names of the outputs that loss terms take.
    """

    takes: tuple[str, ...] = ("maps", "modalities")
    gives = ("features", "neck_features", "cls_outputs", "pred_class_logits", *OF_PAIRS, *OF_AUXILIARY)
    training_only = ("heads.classifiers.",)

    @configurable
    def __init__(self, *, dim: int, num_classes: int, pool: GeM, own_statistics: bool, needed: frozenset[str]) -> None:
        super().__init__()
        self.pool, self.neck, self.own_statistics = pool, bn_neck(dim), own_statistics
        self.classifiers = nn.ModuleList(identity_classifier(dim, num_classes) for _ in range(2))
        names = ("features", "neck_features", "pair_features", "auxiliary_neck_features", "triple_features")
        self.widths = dict.fromkeys(names, dim)
        if needed & {*OF_PAIRS, *OF_AUXILIARY}:
            self.takes += ("pair_targets",)
        if needed & {*OF_AUXILIARY}:
            self.takes += ("auxiliary_maps",)

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        """Read the arguments of the constructor from the config."""
        return {
            "dim": cfg.MODEL.BACKBONE.FEAT_DIM,
            "num_classes": cfg.MODEL.HEADS.NUM_CLASSES,
            "pool": GeM(cfg.MODEL.HEADS.POOL_EXPONENT),
            "own_statistics": cfg.MODEL.MUN.AUXILIARY_STATISTICS == "own",
            "needed": needed_outputs(cfg),
        }

    def forward(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor] | Tensor:
        """See :class:`Head`: (B, D) features."""
        before = self.pool(inputs["maps"])  # (B, D), "Z"
        if not self.training:
            return self.neck(before)
        auxiliary = self.pool(inputs["auxiliary_maps"]) if "auxiliary_maps" in inputs else before[:0]
        after, after_auxiliary = self._after(before, auxiliary)
        visible, infrared = (layer(after) for layer in self.classifiers)  # (B, N) each
        scores = torch.where(inputs["modalities"][:, None] == VISIBLE, visible, infrared)
        outputs = {"features": before, "neck_features": after, **classes(scores)}
        if "pair_targets" not in inputs:
            return outputs
        outputs |= {"pair_targets": inputs["pair_targets"], "pair_features": torch.stack(before.chunk(2), 1)}
        if len(auxiliary):
            outputs["triple_features"] = torch.stack([*before.chunk(2), auxiliary], 1)  # (B / 2, 3, D)
            outputs["auxiliary_neck_features"] = after_auxiliary
            outputs["auxiliary_scores"] = torch.stack([layer(after_auxiliary) for layer in self.classifiers], 1)
        return outputs

    def _after(self, before: Tensor, auxiliary: Tensor) -> tuple[Tensor, Tensor]:
        """Features before the neck to those after it."""
        if not len(auxiliary):
            return self.neck(before), auxiliary
        if not self.own_statistics:
            together = self.neck(torch.cat([before, auxiliary]))
            return together[: len(before)], together[len(before) :]
        after = self.neck(before)
        with running_statistics_kept(self.neck):
            return after, self.neck(auxiliary)
