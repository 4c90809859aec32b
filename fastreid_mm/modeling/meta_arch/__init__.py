"""Meta-architectures, registered in fast-reid's ``META_ARCH_REGISTRY``."""

from fastreid_mm.modeling.meta_arch.cmtr import CMTR

__all__ = ["CMTR"]
