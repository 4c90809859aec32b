"""MutualFormer's network for Re-ID: a stream for each of two modalities."""

from fastreid.config import configurable
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY
from yacs.config import CfgNode

from fastreid_mm.modeling.meta_arch.aligned import AlignedModel, aligned_arguments


@META_ARCH_REGISTRY.register()
class MutualFormerReID(AlignedModel):
    """A ResNet for each of two modalities and any head of aligned samples; what is MutualFormer in it is its head."""

    @configurable
    def __init__(self, **aligned) -> None:
        super().__init__(**aligned)

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        """Read the arguments of the constructor from the config."""
        return aligned_arguments(cfg)
