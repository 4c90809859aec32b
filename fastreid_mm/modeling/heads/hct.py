"""HCT's head: part features of a two-stream network and their losses, from which CMT starts, too (its "Base").

Liu et al., "Parameter Sharing Exploration and Hetero-Center Triplet Loss for Visible-Thermal Person
Re-Identification", TMM 2020, sections 3.2 and 3.3, https://arxiv.org/abs/2008.06223
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.errors import InputError
from fastreid_mm.layers import GeM, identity_classifier
from fastreid_mm.losses import hetero_center_triplet
from fastreid_mm.losses.total import total
from fastreid_mm.modeling.backbones import TwoStreamResNet
from fastreid_mm.modeling.config_checks import label_smoothing


class HCTHead(nn.Module):
    """Cuts a map into horizontal stripes, and reduces and classifies each stripe with weights of its own.

    Args:
        in_dim: channels C of the map.
        dim: channels d of a part feature; with 0 the pooled stripes are not reduced.
        parts: how many stripes p the map is cut into.
        num_classes: how many identities there are in training.
        pool: pools a stripe.
        id_weight: weight of the identity loss. With 2 it is CMT's mean over the visible images plus mean over the
            infrared images (eq. 9-11), with 1 it is HCT's mean over all images.
        triplet_weight: weight of the hetero-center triplet loss on the concatenation of all parts.
        part_triplet_weight: weight of the hetero-center triplet loss on each part.
        margin: margin of the hetero-center triplet losses.
        label_smoothing: label smoothing of the identity loss.
    """

    def __init__(
        self,
        in_dim: int,
        dim: int,
        parts: int,
        num_classes: int,
        pool: GeM,
        id_weight: float = 2.0,
        triplet_weight: float = 1.0,
        part_triplet_weight: float = 1.0,
        margin: float = 0.3,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__()
        self.parts, self.dim, self.pool = parts, dim or in_dim, pool
        self.reductions = nn.ModuleList(_reduction(in_dim, dim) if dim else nn.Identity() for _ in range(parts))
        self.classifiers = nn.ModuleList(identity_classifier(self.dim, num_classes, bias=True) for _ in range(parts))
        self.id_weight, self.label_smoothing, self.margin = id_weight, label_smoothing, margin
        self.triplet_weight, self.part_triplet_weight = triplet_weight, part_triplet_weight

    def features(self, maps: Tensor) -> Tensor:
        """(B, C, H, W) maps to (B, p, d) part features."""
        pooled = self.pool.stripes(maps, self.parts)  # (B, p, C)
        reduced = [reduction(part) for reduction, part in zip(self.reductions, pooled.unbind(1))]
        return torch.stack(reduced, 1).float()

    def forward(self, parts: Tensor, targets: Tensor, modalities: Tensor) -> dict[str, Tensor]:
        """(B, p, d) part features, (B,) targets and (B,) modalities to ``loss_id`` and ``loss_triplet``.

        Each is summed over the parts; the triplet loss is also taken on the concatenation of all parts.
        """
        identity = total(
            F.cross_entropy(classifier(part), targets, label_smoothing=self.label_smoothing)
            for classifier, part in zip(self.classifiers, parts.unbind(1))
        )
        whole = hetero_center_triplet(parts.flatten(1), targets, modalities, self.margin)
        each = total(hetero_center_triplet(part, targets, modalities, self.margin) for part in parts.unbind(1))
        return {
            "loss_id": self.id_weight * identity,
            "loss_triplet": self.triplet_weight * whole + self.part_triplet_weight * each,
        }


def _reduction(in_dim: int, dim: int) -> nn.Sequential:
    """A 1 x 1 convolution with BatchNorm and ReLU; linear, because a stripe is already pooled to a single place."""
    linear = nn.Linear(in_dim, dim, bias=False)
    nn.init.kaiming_normal_(linear.weight)
    return nn.Sequential(linear, nn.BatchNorm1d(dim), nn.ReLU())


def hct_head_arguments(cfg: CfgNode, backbone: TwoStreamResNet) -> dict:
    """The arguments of an :class:`HCTHead` that ``MODEL.HCT`` describes, on the maps of a backbone.

    Raises:
        InputError: the rows of the maps cannot be divided into that many stripes, or a number is impossible.
    """
    options = cfg.MODEL.HCT
    for key in ("SIZE_TRAIN", "SIZE_TEST"):
        rows = backbone.map_size(cfg.INPUT[key])[0]
        if options.PARTS < 1 or rows % options.PARTS:
            raise InputError(
                f"MODEL.HCT.PARTS {options.PARTS} does not divide the {rows} rows of a map, at "
                f"INPUT.{key} {list(cfg.INPUT[key])}"
            )
    if options.POOL_EXPONENT <= 0:
        raise InputError(f"MODEL.HCT.POOL_EXPONENT {options.POOL_EXPONENT} is not positive")
    return {
        "in_dim": backbone.dim,
        "dim": options.DIM,
        "parts": options.PARTS,
        "num_classes": cfg.MODEL.HEADS.NUM_CLASSES,
        "pool": GeM(options.POOL_EXPONENT),
        "id_weight": options.ID_WEIGHT,
        "triplet_weight": options.TRIPLET_WEIGHT,
        "part_triplet_weight": options.PART_TRIPLET_WEIGHT,
        "margin": options.MARGIN,
        "label_smoothing": label_smoothing(cfg),
    }
