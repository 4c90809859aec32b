"""MUN: Yu et al., "Modality Unifying Network for Visible-Infrared Person Re-Identification", ICCV 2023.

https://arxiv.org/abs/2309.06262
"""

from fastreid_mm.methods.mun.config import add_config
from fastreid_mm.methods.mun.head import MUNHead
from fastreid_mm.methods.mun.losses import AuxiliaryIdentity, IdentityAlignment, IdentityConsistency, ModalityAlignment
from fastreid_mm.methods.mun.network import MUN

__all__ = [
    "MUN",
    "AuxiliaryIdentity",
    "IdentityAlignment",
    "IdentityConsistency",
    "MUNHead",
    "ModalityAlignment",
    "add_config",
]
