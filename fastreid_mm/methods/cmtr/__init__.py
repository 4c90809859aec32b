"""CMTR: Liang et al., "CMTR: Cross-modality Transformer for Visible-infrared Person Re-identification", 2021.

https://arxiv.org/abs/2110.08994
"""

from fastreid_mm.methods.cmtr.config import add_config
from fastreid_mm.methods.cmtr.head import CMTRHead
from fastreid_mm.methods.cmtr.losses import ModalityAwareCenter, ModalityAwareIdentity
from fastreid_mm.methods.cmtr.network import CMTR

__all__ = ["CMTR", "CMTRHead", "ModalityAwareCenter", "ModalityAwareIdentity", "add_config"]
