"""CMT's network: two streams and a head whose queries modulate the gallery."""

from fastreid.modeling.meta_arch import META_ARCH_REGISTRY

from fastreid_mm.modeling.meta_arch.two_stream import TwoStream


@META_ARCH_REGISTRY.register()
class CMT(TwoStream):
    """``TwoStream`` under the paper's name; what is CMT in it are its head and losses."""
