"""IEEE's network: a ResNet for each modality, whose maps interact."""

from fastreid.config import configurable
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY
from torch import Tensor
from yacs.config import CfgNode

from fastreid_mm.common.batch_layout import Layout
from fastreid_mm.layers import CrossModalInteraction
from fastreid_mm.modeling.backbones.multi_stream import build_multi_stream
from fastreid_mm.modeling.meta_arch.aligned import AlignedModel, named_modalities
from fastreid_mm.modeling.meta_arch.reid_model import composed_arguments


@META_ARCH_REGISTRY.register()
class IEEE(AlignedModel):
    """A network for each modality; the modalities interact, or are fused before the head (figure 6).

    A missing modality does not enter the sum of the other modalities in the interaction, which is scaled up instead.
    Where the modalities are fused, the sums are scaled up, and the missing channels of a concatenation are zero.

    Args:
        fusion: the scheme of figure 6. "none" is the method; "image_sum", "feature_sum" and "feature_concatenation"
            join the modalities to the maps of a single branch.
        interaction: the cross-modal interacting module; None leaves it out (table 3).
        global_from: the maps from which the feature of the whole image is pooled, "backbone" (released code) or
            "interaction" (paper).
        aligned: see :class:`AlignedModel`; its backbone has a single stream for "image_sum".
    """

    provides = (*AlignedModel.provides, "whole_maps")

    @configurable
    def __init__(self, *, fusion: str, interaction: CrossModalInteraction | None, global_from: str, **aligned) -> None:
        super().__init__(**aligned)
        self.fusion, self.interaction, self.global_from = fusion, interaction, global_from

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        """Read the arguments of the constructor from the config."""
        options, modalities, backbone = cfg.MODEL.IEEE, named_modalities(cfg), build_multi_stream(cfg)
        apart, count = options.FUSION == "none", len(modalities)
        channels = backbone.dim * (count if apart or options.FUSION == "feature_concatenation" else 1)
        streams = backbone.first() if options.FUSION == "image_sum" else backbone
        return composed_arguments(cfg, streams, channels, backbone.map_size, cls.provides) | {
            "modalities": modalities,
            "fusion": options.FUSION,
            "interaction": CrossModalInteraction(backbone.dim, count) if apart and options.CIM else None,
            "global_from": options.GLOBAL_FROM,
        }

    def inputs(self, batch: dict) -> dict[str, Tensor]:
        """See :class:`AlignedModel`; and ``whole_maps``, from which the feature of the whole image is pooled."""
        images, present = self.read(batch)
        plain, present = self._maps(images, present, self.layout_of(batch))
        maps = plain if self.interaction is None else self.interaction(plain, present)
        whole = plain if self.global_from == "backbone" else maps
        return self.maps_of(maps, present) | {"whole_maps": whole} | self.labels_of(batch)

    def _maps(self, images: Tensor, present: Tensor | None, layout: Layout | None) -> tuple[Tensor, Tensor | None]:
        """Choose the backbone's maps, one for each branch, and the (B, branches) mask of those that are present."""
        if self.fusion == "none":
            return self.backbone(images, present, layout), present
        if self.fusion == "image_sum":
            return self.backbone(_sum(images, present)), None
        maps = self.backbone(images, present, layout)
        return _sum(maps, present) if self.fusion == "feature_sum" else maps.flatten(1, 2)[:, None], None


def _sum(values: Tensor, present: Tensor | None) -> Tensor:
    """(B, M, ...) to the (B, 1, ...) sum of the modalities that are present, scaled up to that of all of them."""
    total = values.sum(1, keepdim=True)
    if present is None:
        return total
    return total * (present.shape[1] / present.sum(1)).view(-1, *[1] * (total.ndim - 1))
