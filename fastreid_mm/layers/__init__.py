"""The methods' blocks, in plain PyTorch: one idea a file, usable in any model."""

from fastreid_mm.layers.bn_neck import bn_neck, identity_classifier
from fastreid_mm.layers.modality_embedding import ModalityEmbedding
from fastreid_mm.layers.modality_removal import ModalityRemoval
from fastreid_mm.layers.overlap_patch_embed import OverlapPatchEmbed
from fastreid_mm.layers.position_embedding import resize_position_embedding

__all__ = [
    "ModalityEmbedding",
    "ModalityRemoval",
    "OverlapPatchEmbed",
    "bn_neck",
    "identity_classifier",
    "resize_position_embedding",
]
