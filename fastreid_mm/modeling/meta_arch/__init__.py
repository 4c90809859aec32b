"""Meta-architectures, registered in fast-reid's ``META_ARCH_REGISTRY``."""

from fastreid_mm.modeling.meta_arch.agw import AGW
from fastreid_mm.modeling.meta_arch.cmt import CMT
from fastreid_mm.modeling.meta_arch.cmtr import CMTR
from fastreid_mm.modeling.meta_arch.hamnet import HAMNet
from fastreid_mm.modeling.meta_arch.hct import HCT
from fastreid_mm.modeling.meta_arch.ieee import IEEE
from fastreid_mm.modeling.meta_arch.mun import MUN
from fastreid_mm.modeling.meta_arch.mutualformer import MutualFormerReID

__all__ = ["AGW", "CMT", "CMTR", "HAMNet", "HCT", "IEEE", "MUN", "MutualFormerReID"]
