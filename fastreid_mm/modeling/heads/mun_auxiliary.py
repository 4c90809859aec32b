"""The source of MUN's auxiliary modality, which ``MODEL.MUN.AUXILIARY`` names (section 3.2 and table 2)."""

import torch
from torch import nn
from yacs.config import CfgNode

from fastreid_mm.errors import InputError
from fastreid_mm.layers import AuxiliaryGenerator, MixedModality, SyncreticModality, XModality
from fastreid_mm.layers.cross_modality_learner import require_divisible
from fastreid_mm.modeling.backbones import TwoStreamResNet
from fastreid_mm.modeling.config_checks import require_choice

IMAGE_AUXILIARIES = {"x": XModality, "mixed": MixedModality, "syncretic": SyncreticModality}
"""The sources that table 2 compares with: they make images, where the generator makes maps."""


def build_auxiliary(cfg: CfgNode, backbone: TwoStreamResNet) -> nn.Module | None:
    """Build the auxiliary generator or one of :data:`IMAGE_AUXILIARIES`; None if there is no auxiliary modality.

    Raises:
        InputError: an unknown value, or pooling ratios or groups that do not divide the maps or their channels.
    """
    require_choice(cfg, "MODEL.MUN.AUXILIARY", ("generator", *IMAGE_AUXILIARIES, "none"))
    name = cfg.MODEL.MUN.AUXILIARY
    if name == "none":
        return None
    if name in IMAGE_AUXILIARIES:
        return IMAGE_AUXILIARIES[name]()
    ratios, groups = cfg.MODEL.MUN.RATIOS, cfg.MODEL.MUN.TR_GROUPS
    if groups < 1 or backbone.specific_dim % groups:
        raise InputError(f"MODEL.MUN.TR_GROUPS {groups} does not divide {backbone.specific_dim} channels")
    try:
        require_divisible(ratios, *_map_size(cfg, backbone))
    except ValueError as error:
        raise InputError(
            f"MODEL.MUN.RATIOS: {error}, which INPUT.SIZE_TRAIN {list(cfg.INPUT.SIZE_TRAIN)} gives"
        ) from None
    return AuxiliaryGenerator(backbone.specific_dim, ratios, groups)


@torch.no_grad()
def _map_size(cfg: CfgNode, backbone: TwoStreamResNet) -> tuple[int, int]:
    """Height and width of the maps that the generator takes."""
    backbone.eval()  # an image of zeros must not enter the BatchNorm statistics
    maps = backbone.specific(torch.zeros(1, 3, *cfg.INPUT.SIZE_TRAIN), torch.zeros(1, dtype=torch.long))
    backbone.train()
    height, width = maps.shape[-2:]
    return height, width
