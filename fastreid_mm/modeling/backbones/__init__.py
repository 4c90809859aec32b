"""Backbones, registered in fast-reid's ``BACKBONE_REGISTRY``."""

from fastreid_mm.modeling.backbones.hierarchical import HierarchicalEncoder
from fastreid_mm.modeling.backbones.multi_stream import MultiStreamResNet, build_multi_stream_resnet_backbone
from fastreid_mm.modeling.backbones.two_stream import TwoStreamResNet, build_two_stream_resnet_backbone
from fastreid_mm.modeling.backbones.vit import ReIDViT, build_timm_vit_backbone

__all__ = [
    "HierarchicalEncoder",
    "MultiStreamResNet",
    "ReIDViT",
    "TwoStreamResNet",
    "build_multi_stream_resnet_backbone",
    "build_timm_vit_backbone",
    "build_two_stream_resnet_backbone",
]
