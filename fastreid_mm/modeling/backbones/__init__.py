"""Backbones, registered in fast-reid's ``BACKBONE_REGISTRY``."""

from fastreid_mm.modeling.backbones.vit import ReIDViT, build_timm_vit_backbone

__all__ = ["ReIDViT", "build_timm_vit_backbone"]
