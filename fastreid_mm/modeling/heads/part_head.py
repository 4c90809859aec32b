"""Part features of a two-stream network, which HCT has introduced and CMT builds on.

Liu et al., "Parameter Sharing Exploration and Hetero-Center Triplet Loss for Visible-Thermal Person
Re-Identification", TMM 2020, sections 3.2 and 3.3, https://arxiv.org/abs/2008.06223
"""

import math

import torch
from fastreid.config import configurable
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.keys import Key
from fastreid_mm.layers import GeM, identity_classifier
from fastreid_mm.modeling.heads.head import Head, classes

KEYS = {
    "PARTS": Key(6, "How many horizontal stripes a map is cut into; they divide its rows.", least=1),
    "PART_DIM": Key(256, "Channels of a part feature; 0 keeps those of the backbone.", least=0),
    "POOL_EXPONENT": Key(
        3.0, "Exponent of the pooling of a part; 1 is the average, .inf the maximum.", above=0, most=math.inf
    ),
}


class PartHead(Head):
    """Cuts a map into horizontal stripes, and reduces and classifies each stripe with weights of its own.

    Args:
        in_dim: channels C of the map.
        dim: channels d of a part feature; with 0 the pooled stripes are not reduced.
        parts: how many stripes p the map is cut into.
        num_classes: how many identities there are in training.
        pool: pools a stripe.
    """

    gives: tuple[str, ...] = ("features", "part_features", "cls_outputs", "pred_class_logits")
    training_only: tuple[str, ...] = ("heads.classifiers.",)

    @configurable
    def __init__(self, in_dim: int, dim: int, parts: int, num_classes: int, pool: GeM) -> None:
        super().__init__()
        self.parts, self.dim, self.pool = parts, dim or in_dim, pool
        self.reductions = nn.ModuleList(_reduction(in_dim, dim) if dim else nn.Identity() for _ in range(parts))
        self.classifiers = nn.ModuleList(identity_classifier(self.dim, num_classes, bias=True) for _ in range(parts))
        self.widths = {"features": parts * self.dim, "part_features": self.dim}

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        """Read the arguments of the constructor from the config.

        Raises:
            InputError: the rows of the maps cannot be divided into that many stripes.
        """
        options = cfg.MODEL.HEADS
        for part in ("TRAIN", "TEST"):
            rows = cfg.MODEL.BACKBONE[f"MAP_{part}"][0]
            if rows % options.PARTS:
                raise InputError(
                    f"MODEL.HEADS.PARTS {options.PARTS} does not divide the {rows} rows of a map, at "
                    f"INPUT.SIZE_{part} {list(cfg.INPUT[f'SIZE_{part}'])}"
                )
        return {
            "in_dim": cfg.MODEL.BACKBONE.FEAT_DIM,
            "dim": options.PART_DIM,
            "parts": options.PARTS,
            "num_classes": options.NUM_CLASSES,
            "pool": GeM(options.POOL_EXPONENT),
        }

    def part_features(self, maps: Tensor) -> Tensor:
        """(B, C, H, W) maps to (B, p, d) part features."""
        pooled = self.pool.stripes(maps, self.parts)  # (B, p, C)
        reduced = [reduction(part) for reduction, part in zip(self.reductions, pooled.unbind(1))]
        return torch.stack(reduced, 1).float()

    def classified(self, parts: Tensor) -> dict[str, Tensor]:
        """(B, p, d) part features to the outputs that all loss terms on parts take."""
        scores = torch.stack([layer(part) for layer, part in zip(self.classifiers, parts.unbind(1))], 1)  # (B, p, N)
        return {"features": parts.flatten(1), "part_features": parts, **classes(scores)}


def _reduction(in_dim: int, dim: int) -> nn.Sequential:
    """Build a 1 x 1 convolution with BatchNorm and ReLU; linear, because a stripe is pooled to one place already."""
    linear = nn.Linear(in_dim, dim, bias=False)
    nn.init.kaiming_normal_(linear.weight)
    return nn.Sequential(linear, nn.BatchNorm1d(dim), nn.ReLU())
