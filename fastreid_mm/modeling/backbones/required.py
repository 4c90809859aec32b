"""The check that an architecture gets the kind of backbone that it needs."""

from typing import TypeVar

from fastreid.modeling.backbones import build_backbone
from torch import nn
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError

Backbone = TypeVar("Backbone", bound=nn.Module)


def build_required(cfg: CfgNode, kind: type[Backbone], name: str) -> Backbone:
    """Build the backbone that ``MODEL.BACKBONE.NAME`` names.

    Raises:
        InputError: the backbone is of another class.
    """
    backbone = build_backbone(cfg)
    if not isinstance(backbone, kind):
        raise InputError(
            f"{cfg.MODEL.META_ARCHITECTURE} needs MODEL.BACKBONE.NAME {name}, not {cfg.MODEL.BACKBONE.NAME}"
        )
    return backbone
