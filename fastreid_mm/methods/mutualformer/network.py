"""MutualFormer's network for Re-ID: a stream for each of two modalities."""

from fastreid.modeling.meta_arch import META_ARCH_REGISTRY

from fastreid_mm.modeling.meta_arch.aligned import AlignedModel


@META_ARCH_REGISTRY.register()
class MutualFormerReID(AlignedModel):
    """A ResNet for each of two modalities and any head of aligned samples; what is MutualFormer in it is its head."""
