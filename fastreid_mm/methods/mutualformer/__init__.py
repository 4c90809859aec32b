"""MutualFormer for RGB-NIR vehicle Re-ID: Wang et al., https://arxiv.org/abs/2112.01177, section 4.2 and figure 5."""

from fastreid_mm.methods.mutualformer.config import add_config
from fastreid_mm.methods.mutualformer.head import MutualFormerHead, MutualFormerReID

__all__ = ["MutualFormerHead", "MutualFormerReID", "add_config"]
