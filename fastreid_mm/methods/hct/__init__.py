"""HCT: Liu et al., TMM 2020, https://arxiv.org/abs/2008.06223. The network is ``TwoStream`` with its head and loss."""

from fastreid_mm.methods.hct.head import HCTHead
from fastreid_mm.methods.hct.losses import HeteroCenterTriplet, add_config

__all__ = ["HCTHead", "HeteroCenterTriplet", "add_config"]
