"""Backbones for architectures that need one of a kind."""

from typing import TypeVar

from fastreid.modeling.backbones import build_backbone
from torch import nn
from yacs.config import CfgNode

from fastreid_mm.errors import InputError

Backbone = TypeVar("Backbone", bound=nn.Module)


def build_required(cfg: CfgNode, kind: type[Backbone], name: str) -> Backbone:
    """Build the backbone that ``MODEL.BACKBONE.NAME`` names.

    Args:
        cfg: the config.
        kind: what the architecture needs.
        name: of its builder, for the error message.

    Raises:
        InputError: it is of another kind.
    """
    backbone = build_backbone(cfg)
    if not isinstance(backbone, kind):
        raise InputError(f"{cfg.MODEL.META_ARCHITECTURE} needs MODEL.BACKBONE.NAME {name}, not "
                         f"{cfg.MODEL.BACKBONE.NAME}")
    return backbone
