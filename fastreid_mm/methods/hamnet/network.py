"""HAMNet's network: a stream for each modality; what is HAMNet in it is its head."""

from fastreid.modeling.meta_arch import META_ARCH_REGISTRY

from fastreid_mm.modeling.meta_arch.aligned import AlignedModel


@META_ARCH_REGISTRY.register()
class HAMNet(AlignedModel):
    """A ResNet for each modality and any head of aligned samples."""
