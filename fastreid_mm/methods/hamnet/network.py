"""HAMNet's network: a stream for each modality; what is HAMNet in it is its head."""

from fastreid.config import configurable
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY
from yacs.config import CfgNode

from fastreid_mm.modeling.meta_arch.aligned import AlignedModel, aligned_arguments


@META_ARCH_REGISTRY.register()
class HAMNet(AlignedModel):
    """A ResNet for each modality and any head of aligned samples."""

    @configurable
    def __init__(self, **aligned) -> None:
        super().__init__(**aligned)

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        """Read the arguments of the constructor from the config."""
        return aligned_arguments(cfg)
