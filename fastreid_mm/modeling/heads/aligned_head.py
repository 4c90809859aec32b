"""Heads of aligned samples: a feature in blocks, of which some may lack their modality."""

from typing import NamedTuple

import torch
from fastreid.config import configurable
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.layers import bn_neck
from fastreid_mm.modeling.heads.head import Head, classes, feature_size_of


class Block(NamedTuple):
    """A block of a feature."""

    size: int
    """Channels."""
    needs: tuple[int, ...] = ()
    """The modalities it cannot do without; none if it is made of whatever there is."""


class AlignedHead(Head):
    """The base of heads of aligned samples.

    Its inputs have ``modality_maps (B, M, C, h, w)``, and ``present (B, M)`` where a modality of a sample is missing,
    whose maps are zero. ``maps (B, M * C, h, w)``, what fast-reid's heads take, are the same in one.
    """

    takes: tuple[str, ...] = ("modality_maps",)
    blocks: tuple[Block, ...] = ()
    """The blocks of a feature, in their order."""

    @property
    def feature_size(self) -> int:
        """See :class:`Head`."""
        return sum(block.size for block in self.blocks)


class StreamHead(AlignedHead):
    """A BNNeck for each stream and one classifier for all, which HAMNet has and MutualFormer builds on (its figure 5).

    Li et al., "Multi-spectral Vehicle Re-identification: A Challenge", AAAI 2020 (no arXiv version). What the paper
    leaves open follows its released code: all losses, the triplet loss too, take the features after the necks, and the
    classifier has PyTorch's initial weights.

    Args:
        dim: channels C of the maps, which are pooled.
        num_modalities: how many modalities M there are.
        num_classes: how many identities there are in training.
    """

    gives = ("features", "stream_features", "stream_scores", "fused_scores", "cls_outputs", "pred_class_logits")
    training_only: tuple[str, ...] = ("heads.classifier.",)

    @configurable
    def __init__(self, dim: int, num_modalities: int, num_classes: int) -> None:
        super().__init__()
        self.necks = nn.ModuleList(bn_neck(dim) for _ in range(num_modalities))
        self.classifier = nn.Linear(dim, num_classes)
        self.widths = {"features": dim, "stream_features": dim, "fused_scores": num_classes}

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        """Read the arguments of the constructor from the config."""
        modalities = len(cfg.DATASETS.ALIGNED.MODALITIES)
        dim, classes = cfg.MODEL.BACKBONE.FEAT_DIM // modalities, cfg.MODEL.HEADS.NUM_CLASSES
        return {"dim": dim, "num_modalities": modalities, "num_classes": classes}

    def stream_features(self, maps: Tensor) -> Tensor:
        """(B, M, C, H, W) maps to (B, M, C) features after the necks."""
        pooled = maps.mean((3, 4)).float()
        return torch.stack([neck(feature) for neck, feature in zip(self.necks, pooled.unbind(1))], dim=1)

    def classified(self, streams: Tensor, fused: Tensor, fused_scores: Tensor) -> dict[str, Tensor]:
        """(B, M, C) features, (B, D) fused features and their (B, N) class scores to the outputs of training.

        ``cls_outputs (B, M + 1, N)`` are the scores of the streams, and the fused ones at the end.
        """
        scores = self.classifier(streams)  # (B, M, N)
        named = {"stream_features": streams, "stream_scores": scores, "fused_scores": fused_scores}
        return {"features": fused, **named, **classes(torch.cat([scores, fused_scores[:, None]], 1))}


def blocks_of(head: nn.Module, modalities: int) -> tuple[Block, ...]:
    """Return the blocks of a head's feature; of other heads a single one, for which every modality must be there."""
    if isinstance(head, AlignedHead):
        return head.blocks
    return (Block(feature_size_of(head), tuple(range(modalities))),)
