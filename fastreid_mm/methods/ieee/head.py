"""IEEE's head: a branch of part features for each modality."""

from collections.abc import Iterable, Mapping
from typing import cast

import torch
import torch.nn.functional as F
from fastreid.config import configurable
from fastreid.modeling.heads import REID_HEADS_REGISTRY
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError
from fastreid_mm.layers import RelationEmbedding
from fastreid_mm.layers.cross_modal_interaction import pointwise_conv
from fastreid_mm.modeling.heads.aligned_head import AlignedHead, Block
from fastreid_mm.modeling.heads.head import classes
from fastreid_mm.modeling.terms import needed_outputs


class PartBranch(nn.Module):
    """Part features of one modality: pooled, reduced, related to the whole image, embedded and classified.

    Args:
        in_dim: channels C of the maps.
        reduced_dim: channels after the 1 x 1 convolution, which all parts and the whole share.
        dim: channels d of a part feature.
        parts: how many horizontal parts p the maps are cut into.
        num_classes: how many identities there are in training.
        relation: relates the parts to the whole, over ``reduced_dim`` channels; None leaves it out.
    """

    def __init__(
        self, in_dim: int, reduced_dim: int, dim: int, parts: int, num_classes: int, relation: RelationEmbedding | None
    ) -> None:
        super().__init__()
        self.parts, self.dim = parts, dim
        self.reduce = pointwise_conv(in_dim, reduced_dim)
        self.relation = relation
        self.embed = nn.ModuleList(
            nn.Sequential(nn.Linear(reduced_dim, dim), nn.BatchNorm1d(dim), nn.ReLU()) for _ in range(parts)
        )
        self.classifiers = nn.ModuleList(nn.Linear(dim, num_classes) for _ in range(parts))

    def forward(self, maps: Tensor, whole: Tensor) -> Tensor:
        """Turn maps into part features.

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

    def scores(self, parts: Tensor) -> Tensor:
        """(B, p, d) part features to (B, p, N) class scores (eq. 7)."""
        each = parts.unbind(1)
        if torch.compiler.is_compiling():  # of views, PyTorch 2.14's inductor computes wrong gradients of the weights
            each = tuple(part.clone() for part in each)
        return torch.stack([layer(part) for layer, part in zip(self.classifiers, each)], 1)


@REID_HEADS_REGISTRY.register()
class IEEEHead(AlignedHead):
    """Part features of every modality; the feature of a sample is all of them; compare by Euclidean distance.

    A missing modality's block of the feature is zero and not compared.

    Args:
        branches: one for each modality, or a single one of fused maps.
    """

    takes = ("modality_maps", "whole_maps")
    gives = ("features", "modality_features", "cls_outputs", "pred_class_logits")
    training_only = (".classifiers.",)

    @configurable
    def __init__(self, *, branches: list[PartBranch]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)
        fused = len(branches) == 1
        self.blocks = tuple(Block(each.parts * each.dim, () if fused else (i,)) for i, each in enumerate(branches))
        self.widths = {"features": self.feature_size, "modality_features": self.blocks[0].size}

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        """Read the arguments of the constructor from the config.

        Raises:
            InputError: a loss term needs features of single modalities, which are fused.
        """
        options = cfg.MODEL.IEEE
        count = len(cfg.DATASETS.ALIGNED.MODALITIES) if options.FUSION == "none" else 1
        if count == 1 and "modality_features" in needed_outputs(cfg):
            raise InputError(
                f"MODEL.IEEE.FUSION {options.FUSION} has no features of single modalities, which a loss of "
                f"MODEL.LOSSES.NAME {tuple(cfg.MODEL.LOSSES.NAME)} needs"
            )
        return {"branches": [_branch(cfg, cfg.MODEL.BACKBONE.FEAT_DIM // count) for _ in range(count)]}

    def forward(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor] | Tensor:
        """See :class:`Head`: (B, branches * p * d) features."""
        maps, whole, present = inputs["modality_maps"], inputs["whole_maps"], inputs.get("present")
        branches = cast(Iterable[PartBranch], self.branches)
        each = zip(branches, maps.unbind(1), whole.unbind(1))
        parts = torch.stack([branch(*both) for branch, *both in each], 1).float()  # (B, branches, p, d)
        if present is not None:
            parts = parts * present[..., None, None]
        if not self.training:
            return parts.flatten(1)
        scores = torch.cat([branch.scores(own) for branch, own in zip(branches, parts.unbind(1))], 1)
        return {"features": parts.flatten(1), "modality_features": parts.flatten(2), **classes(scores)}


def _branch(cfg: CfgNode, channels: int) -> PartBranch:
    options = cfg.MODEL.IEEE
    relation = None if options.REM == "none" else RelationEmbedding(options.REDUCED_DIM, options.REM)
    return PartBranch(
        channels, options.REDUCED_DIM, options.PART_DIM, options.PARTS, cfg.MODEL.HEADS.NUM_CLASSES, relation
    )
