"""CMTR's head: a BNNeck and a classifier, and in training the feature from which the modality is removed."""

from collections.abc import Mapping
from typing import cast

from fastreid.config import configurable
from fastreid.modeling.heads import REID_HEADS_REGISTRY
from torch import Tensor
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError
from fastreid_mm.layers import ModalityRemoval, bn_neck, identity_classifier
from fastreid_mm.modeling.heads.head import Head, classes
from fastreid_mm.modeling.terms import needed_outputs


@REID_HEADS_REGISTRY.register()
class CMTRHead(Head):
    """Classifies after a BNNeck. The feature of an image is the one after it, with or without its modality.

    Compare features by cosine.

    Args:
        dim: channels D of the maps, which are averaged over their places; a class token is a map of one place.
        num_classes: how many identities there are in training.
        removal: takes the modality out of the feature after the neck, "g" of eq. 4 and 5; None leaves that out.
        classifies: whether a loss term needs class scores.
        test_feature: "f", the feature after the neck, or "g", which needs ``removal``.
    """

    gives = ("features", "neck_features", "cls_outputs", "pred_class_logits", "modality_removed")

    @configurable
    def __init__(
        self, *, dim: int, num_classes: int, removal: ModalityRemoval | None, classifies: bool, test_feature: str = "f"
    ) -> None:
        super().__init__()
        self.test_feature = test_feature
        self.training_only = ("heads.classifier.", *(("heads.removal.",) if test_feature == "f" else ()))
        self.neck, self.removal = bn_neck(dim), removal
        self.classifier = identity_classifier(dim, num_classes) if classifies else None
        self.widths = dict.fromkeys(("features", "neck_features", "modality_removed"), dim)
        if removal is not None:
            self.takes = ("maps", "modalities", "modality_embeddings")

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        """Read the arguments of the constructor from the config.

        Raises:
            InputError: features without their modality are to be compared, and no loss trains them, or the
            embeddings are not as wide as features and have no mapping.
        """
        dim, needed, tested = cfg.MODEL.BACKBONE.FEAT_DIM, needed_outputs(cfg), cfg.MODEL.CMTR.TEST_FEATURE
        if tested == "g" and "modality_removed" not in needed:
            raise InputError(
                "MODEL.CMTR.TEST_FEATURE g is trained by ModalityAwareCenter or ModalityAwareIdentity, of which "
                f"MODEL.LOSSES.NAME {tuple(cfg.MODEL.LOSSES.NAME)} has none"
            )
        return {
            "dim": dim,
            "num_classes": cfg.MODEL.HEADS.NUM_CLASSES,
            "removal": _removal(cfg, dim) if "modality_removed" in needed else None,
            "classifies": bool(needed & {"cls_outputs", "pred_class_logits"}),
            "test_feature": tested,
        }

    def forward(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor] | Tensor:
        """See :class:`Head`: (B, D) features."""
        before = inputs["maps"].mean((2, 3)).float()  # (B, D), "v" of eq. 1
        after = self.neck(before)
        if not self.training:
            return self._without_modality(after, inputs) if self.test_feature == "g" else after
        outputs = {"features": before, "neck_features": after}
        if self.classifier is not None:
            outputs |= classes(self.classifier(after))
        if self.removal is not None:
            outputs["modality_removed"] = self._without_modality(after, inputs)
        return outputs

    def _without_modality(self, features: Tensor, inputs: Mapping[str, Tensor]) -> Tensor:
        """(B, D) features "f" to (B, D) features "g"."""
        removal = cast(ModalityRemoval, self.removal)
        return removal(features, inputs["modalities"], inputs["modality_embeddings"])


def _removal(cfg: CfgNode, dim: int) -> ModalityRemoval:
    # CMTR puts the width of its embeddings there, which are as wide as the backbone's first tokens
    width = cfg.MODEL.BACKBONE.get("TOKEN_DIM", dim)
    try:
        return ModalityRemoval(dim, mapping=cfg.MODEL.CMTR.MAPPING, embedding_dim=width)
    except ValueError as error:
        raise InputError(f"MODEL.CMTR.MAPPING: {error}") from None
