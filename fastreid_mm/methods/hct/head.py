"""HCT's head: part features, each classified by itself."""

from collections.abc import Mapping

from fastreid.modeling.heads import REID_HEADS_REGISTRY
from torch import Tensor

from fastreid_mm.modeling.heads.part_head import PartHead


@REID_HEADS_REGISTRY.register()
class HCTHead(PartHead):
    """Part features; the feature of an image is all of them in one vector."""

    def forward(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor] | Tensor:
        """See :class:`Head`: (B, p * d) features."""
        parts = self.part_features(inputs["maps"])
        return self.classified(parts) if self.training else parts.flatten(1)
