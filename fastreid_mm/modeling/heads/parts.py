"""Part features of a two-stream network and their losses (HCT, section 3.2 and 3.3; CMT's "Base")."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.errors import InputError
from fastreid_mm.layers import GeM, identity_classifier
from fastreid_mm.losses import hetero_center_triplet
from fastreid_mm.modeling.backbones.resnet import map_size
from fastreid_mm.modeling.config_checks import label_smoothing


class PartHead(nn.Module):
    """Cuts a map into horizontal stripes, and reduces and classifies each with weights of its own.

    Args:
        in_dim: channels C of the map.
        dim: channels d of a part feature; 0 leaves them as pooled.
        parts: how many stripes p.
        num_classes: training identities.
        pool: of a stripe.
        id_weight: of the identity loss. 2 is CMT's mean over the visible plus mean over the infrared images (eq. 10),
            1 is HCT's mean over all.
        triplet_weight: of the hetero-centre triplet loss on all parts in one vector.
        part_triplet_weight: of the one on each part.
        margin: of both.
        label_smoothing: of the identity loss.
    """

    def __init__(self, in_dim: int, dim: int, parts: int, num_classes: int, pool: GeM, id_weight: float = 2.0,
                 triplet_weight: float = 1.0, part_triplet_weight: float = 1.0, margin: float = 0.3,
                 label_smoothing: float = 0.0):
        super().__init__()
        self.parts, self.dim, self.pool = parts, dim or in_dim, pool
        self.reductions = nn.ModuleList(_reduction(in_dim, dim) if dim else nn.Identity() for _ in range(parts))
        self.classifiers = nn.ModuleList(identity_classifier(self.dim, num_classes, bias=True) for _ in range(parts))
        self.id_weight, self.label_smoothing, self.margin = id_weight, label_smoothing, margin
        self.triplet_weight, self.part_triplet_weight = triplet_weight, part_triplet_weight

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, H, W) maps to (B, p, d) part features."""
        pooled = self.pool.stripes(maps, self.parts)  # (B, p, C)
        reduced = [reduction(part) for reduction, part in zip(self.reductions, pooled.unbind(1))]
        return torch.stack(reduced, 1).float()

    def losses(self, parts: Tensor, targets: Tensor, modalities: Tensor) -> dict[str, Tensor]:
        """(B, p, d) part features, (B,) targets and modalities to weighted 0-d losses.

        Each is summed over the parts; the triplet loss is also taken on all parts in one vector.
        """
        identity = sum(F.cross_entropy(classifier(part), targets, label_smoothing=self.label_smoothing)
                       for classifier, part in zip(self.classifiers, parts.unbind(1)))
        whole = hetero_center_triplet(parts.flatten(1), targets, modalities, self.margin)
        each = sum(hetero_center_triplet(part, targets, modalities, self.margin) for part in parts.unbind(1))
        return {"loss_id": self.id_weight * identity,
                "loss_triplet": self.triplet_weight * whole + self.part_triplet_weight * each}


def _reduction(in_dim: int, dim: int) -> nn.Sequential:
    """A 1 x 1 convolution with BatchNorm and ReLU, on a stripe that is already pooled to one place."""
    linear = nn.Linear(in_dim, dim, bias=False)
    nn.init.kaiming_normal_(linear.weight)
    return nn.Sequential(linear, nn.BatchNorm1d(dim), nn.ReLU())


def build_part_head(cfg: CfgNode, in_dim: int) -> PartHead:
    """The head that ``MODEL.HCT`` describes, on maps of ``in_dim`` channels.

    Raises:
        InputError: the maps do not divide into so many stripes, or a number is impossible.
    """
    options = cfg.MODEL.HCT
    for key in ("SIZE_TRAIN", "SIZE_TEST"):
        rows = map_size(cfg, cfg.INPUT[key])[0]
        if options.PARTS < 1 or rows % options.PARTS:
            raise InputError(f"MODEL.HCT.PARTS {options.PARTS} does not divide the {rows} rows of a map, at "
                             f"INPUT.{key} {list(cfg.INPUT[key])}")
    if options.POOL_EXPONENT <= 0:
        raise InputError(f"MODEL.HCT.POOL_EXPONENT {options.POOL_EXPONENT} is not positive")
    return PartHead(in_dim, options.DIM, options.PARTS, cfg.MODEL.HEADS.NUM_CLASSES, GeM(options.POOL_EXPONENT),
                    options.ID_WEIGHT, options.TRIPLET_WEIGHT, options.PART_TRIPLET_WEIGHT, options.MARGIN,
                    label_smoothing(cfg))
