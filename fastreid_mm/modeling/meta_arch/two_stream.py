"""The architecture of visible and infrared images: two streams, then whichever head and losses are named."""

from fastreid.config import configurable
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY
from torch import Tensor
from yacs.config import CfgNode

from fastreid_mm.modeling.backbones.two_stream import build_two_stream
from fastreid_mm.modeling.meta_arch.reid_model import ComposedModel, composed_arguments


@META_ARCH_REGISTRY.register()
class TwoStream(ComposedModel):
    """A two-stream network with any head: AGW and HCT are it, by their heads and losses."""

    provides = ("maps", "modalities")

    @configurable
    def __init__(self, **composed) -> None:
        super().__init__(**composed)

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        """Read the arguments of the constructor from the config."""
        backbone = build_two_stream(cfg)
        return composed_arguments(cfg, backbone, backbone.dim, backbone.map_size, cls.provides)

    def inputs(self, batch: dict) -> dict[str, Tensor]:
        """See :class:`ComposedModel`: ``maps (B, C, h, w)``, ``modalities (B,)``."""
        modalities = self.modalities_of(batch)
        maps = self.backbone(self.normalize(batch["images"]), modalities, self.layout_of(batch))
        return {"maps": maps, "modalities": modalities} | self.labels_of(batch)
