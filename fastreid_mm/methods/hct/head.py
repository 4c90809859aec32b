"""HCT's head: part features, each classified by itself."""

from collections.abc import Mapping

from fastreid.config import configurable
from fastreid.modeling.heads import REID_HEADS_REGISTRY
from torch import Tensor
from yacs.config import CfgNode

from fastreid_mm.modeling.heads.part_head import PartHead, part_head_arguments


@REID_HEADS_REGISTRY.register()
class HCTHead(PartHead):
    """Part features; the feature of an image is all of them in one vector."""

    @configurable
    def __init__(self, **parts) -> None:
        super().__init__(**parts)

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        """Read the arguments of the constructor from the config."""
        return part_head_arguments(cfg)

    def forward(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor] | Tensor:
        """See :class:`Head`: (B, p * d) features."""
        parts = self.part_features(inputs["maps"])
        return self.classified(parts) if self.training else parts.flatten(1)
