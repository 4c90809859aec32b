"""HAMNet's network, and its head: features of the streams, fused by their class activation maps."""

from collections.abc import Mapping

from fastreid.config import configurable
from fastreid.modeling.heads import REID_HEADS_REGISTRY
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY
from torch import Tensor
from yacs.config import CfgNode

from fastreid_mm.layers import ClassActivationFusion
from fastreid_mm.modeling.heads.aligned_head import Block, StreamHead
from fastreid_mm.modeling.meta_arch.aligned import AlignedModel


@META_ARCH_REGISTRY.register()
class HAMNet(AlignedModel):
    """A ResNet for each modality and any head of aligned samples; what is HAMNet in it is its head."""


@REID_HEADS_REGISTRY.register()
class HAMNetHead(StreamHead):
    """The feature of a sample is the fused one; compare by cosine. Missing modalities have no weight in the fusion.

    Args:
        fusion: fuses the features of the streams after their necks.
        streams: arguments of :class:`StreamHead`.
    """

    @configurable
    def __init__(self, *, fusion: ClassActivationFusion, **streams) -> None:
        super().__init__(**streams)
        self.fusion = fusion
        self.blocks = (Block(self.classifier.in_features),)

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        """Read the arguments of the constructor from the config."""
        streams = super().from_config(cfg)
        sizes = (streams[name] for name in ("dim", "num_classes", "num_modalities"))
        return streams | {"fusion": ClassActivationFusion(*sizes)}

    def forward(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor] | Tensor:
        """See :class:`Head`: (B, C) features."""
        maps = inputs["modality_maps"]
        streams = self.stream_features(maps)
        fused, scores = self.fusion(maps, streams, inputs.get("present"))
        return self.classified(streams, fused, scores) if self.training else fused
