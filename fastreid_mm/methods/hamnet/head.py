"""HAMNet's head: features of the streams, fused by their class activation maps."""

from collections.abc import Mapping

from fastreid.config import configurable
from fastreid.modeling.heads import REID_HEADS_REGISTRY
from torch import Tensor
from yacs.config import CfgNode

from fastreid_mm.layers import ClassActivationFusion
from fastreid_mm.modeling.heads.aligned_head import Block
from fastreid_mm.modeling.heads.stream_head import StreamHead


@REID_HEADS_REGISTRY.register()
class HAMNetHead(StreamHead):
    """The feature of a sample is the fused one; compare by cosine. Missing modalities have no weight in the fusion.

    Args:
        fusion: fuses the features of the streams after their necks.
        streams: arguments of :class:`StreamHead`.
    """

    gives = (*StreamHead.gives, "fused_scores")
    training_only = ("heads.classifier.",)

    @configurable
    def __init__(self, *, fusion: ClassActivationFusion, **streams) -> None:
        super().__init__(**streams)
        self.fusion = fusion
        self.blocks = (Block(self.classifier.in_features),)

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        """Read the arguments of the constructor from the config."""
        modalities, classes = len(cfg.DATASETS.ALIGNED.MODALITIES), cfg.MODEL.HEADS.NUM_CLASSES
        dim = cfg.MODEL.BACKBONE.FEAT_DIM // modalities
        return {
            "dim": dim,
            "num_modalities": modalities,
            "num_classes": classes,
            "fusion": ClassActivationFusion(dim, classes, modalities),
        }

    @property
    def widths(self) -> dict[str, int]:
        """See :class:`Head`."""
        dim, classes = self.classifier.in_features, self.classifier.out_features
        return {"features": dim, "stream_features": dim, "fused_scores": classes}

    def forward(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor] | Tensor:
        """See :class:`Head`: (B, C) features."""
        maps = inputs["modality_maps"]
        streams = self.stream_features(maps)
        fused, scores = self.fusion(maps, streams, inputs.get("present"))
        return self.classified(streams, fused, scores) | {"fused_scores": scores} if self.training else fused
