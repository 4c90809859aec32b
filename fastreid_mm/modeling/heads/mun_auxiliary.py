"""The source of MUN's auxiliary modality, which ``MODEL.MUN.AUXILIARY`` names (section 3.2 and table 2)."""

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
    if not ratios:
        raise InputError("MODEL.MUN.RATIOS () has no ratio, the generator needs one")
    if groups < 1 or backbone.specific_dim % groups:
        raise InputError(f"MODEL.MUN.TR_GROUPS {groups} does not divide {backbone.specific_dim} channels")
    try:
        require_divisible(ratios, *backbone.specific_size(cfg.INPUT.SIZE_TRAIN))
    except ValueError as error:
        raise InputError(
            f"MODEL.MUN.RATIOS: {error}, which INPUT.SIZE_TRAIN {list(cfg.INPUT.SIZE_TRAIN)} gives"
        ) from None
    return AuxiliaryGenerator(backbone.specific_dim, ratios, groups)
