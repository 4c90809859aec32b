"""Backbones of this package that end after some stage: ``IMPORTS ['comparison.shortened']``."""

from typing import cast

from fastreid.modeling.backbones import BACKBONE_REGISTRY
from torch import nn
from yacs.config import CfgNode

from fastreid_mm.common.keys import Key, add_keys
from fastreid_mm.modeling.backbones.multi_stream import MultiStreamResNet
from fastreid_mm.modeling.backbones.network import build_network
from fastreid_mm.modeling.backbones.stages import layout_of
from fastreid_mm.modeling.backbones.two_stream import TwoStreamResNet
from fastreid_mm.modeling.backbones.vit import ReIDViT, build_timm_vit_backbone


def add_config(cfg: CfgNode) -> None:
    """Add ``MODEL.BACKBONE.STAGES``."""
    add_keys(cfg, "MODEL.BACKBONE", {"STAGES": Key(1, "Stages that are kept, from the stem on.", least=1)})


def build_shortened(cfg: CfgNode) -> nn.Module:
    """Build the network of ``MODEL.BACKBONE`` with its weights, and take out what comes after the stages kept."""
    network = build_network(cfg)
    layout, kept = layout_of(network), cfg.MODEL.BACKBONE.STAGES - 1
    if len(layout.stages) == 1:
        setattr(network, layout.stages[0], getattr(network, layout.stages[0])[:kept])
        left_out = layout.tail
    else:
        left_out = layout.stages[kept:] + layout.tail
    for name in left_out:
        setattr(network, name, nn.Identity())
    return network


@BACKBONE_REGISTRY.register()
def build_shortened_two_stream(cfg: CfgNode) -> TwoStreamResNet:
    """Build a two-stream network of a shortened one."""
    backbone = cfg.MODEL.BACKBONE
    return TwoStreamResNet(
        build_shortened(cfg), backbone.RESNET.SPECIFIC_STAGES, backbone.PRETRAIN, channels_last=backbone.CHANNELS_LAST
    )


@BACKBONE_REGISTRY.register()
def build_shortened_multi_stream(cfg: CfgNode) -> MultiStreamResNet:
    """Build a shortened network for each of ``DATASETS.ALIGNED.MODALITIES``."""
    modalities = len(cfg.DATASETS.ALIGNED.MODALITIES)
    return MultiStreamResNet(
        build_shortened(cfg), modalities, cfg.MODEL.BACKBONE.PRETRAIN, cfg.MODEL.BACKBONE.CHANNELS_LAST
    )


@BACKBONE_REGISTRY.register()
def build_shortened_vit(cfg: CfgNode) -> ReIDViT:
    """Build a ViT, of whose blocks ``MODEL.BACKBONE.STAGES`` are kept."""
    model = cast(ReIDViT, build_timm_vit_backbone(cfg))
    model.vit.blocks = model.vit.blocks[: cfg.MODEL.BACKBONE.STAGES]
    return model
