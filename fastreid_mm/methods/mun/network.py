"""MUN's network: two streams that learn from an auxiliary modality between visible and infrared."""

from typing import cast

import torch
from fastreid.config import configurable
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError
from fastreid_mm.layers import AuxiliaryGenerator
from fastreid_mm.methods.mun.auxiliary import build_auxiliary, running_statistics_kept
from fastreid_mm.methods.mun.head import OF_AUXILIARY
from fastreid_mm.modeling.backbones.two_stream import TwoStreamResNet, build_two_stream
from fastreid_mm.modeling.meta_arch.reid_model import ComposedModel, composed_arguments
from fastreid_mm.modeling.terms import needed_outputs


@META_ARCH_REGISTRY.register()
class MUN(ComposedModel):
    """A two-stream network with an auxiliary modality in training, if a loss term asks for it, and without it in tests.

    BatchNorm in the shared stages and in the BNNeck normalizes visible and infrared maps together. The paper does not
    say how it normalizes the auxiliary maps, which differ much from both. When they are normalized by their own
    statistics, which do not enter the running statistics, the network is trained as it is tested, and the last scale
    of the generator has no effect, because the next BatchNorm removes it. When all three share their statistics,
    training from scratch loses a third of the mAP, even with no more than an identity loss on auxiliary features.

    Args:
        auxiliary: makes maps out of maps (the generator) or images out of images (table 2); None for the baseline.
        own_statistics: whether BatchNorm normalizes the auxiliary modality by its own statistics.
        composed: see :class:`ComposedModel`; its backbone has ``specific`` and ``shared`` stages.
    """

    provides = ("maps", "modalities", "auxiliary_maps", "pair_targets")

    @configurable
    def __init__(self, *, auxiliary: nn.Module | None, own_statistics: bool, **composed) -> None:
        super().__init__(**composed)
        self.auxiliary, self.own_statistics = auxiliary, own_statistics
        self.training_only = ("auxiliary.", *self.training_only)

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict:
        """Read the arguments of the constructor from the config."""
        backbone = build_two_stream(cfg)
        wanted = needed_outputs(cfg) & {*OF_AUXILIARY}
        return composed_arguments(cfg, backbone, backbone.dim, backbone.map_size, cls.provides) | {
            "auxiliary": build_auxiliary(cfg, backbone) if wanted else None,
            "own_statistics": cfg.MODEL.MUN.AUXILIARY_STATISTICS == "own",
        }

    def inputs(self, batch: dict) -> dict[str, Tensor]:
        """See :class:`ComposedModel`.

        In training the visible images come first, and the infrared ones in the same order of identities, of which
        ``pair_targets (B / 2,)`` has the labels; ``auxiliary_maps (B / 2, C, h, w)`` are between both.

        Raises:
            InputError: in training, visible and infrared images are not of the same identities in the same order.
        """
        images, modalities = self.normalize(batch["images"]), self.modalities_of(batch)
        layout = self.layout_of(batch)
        if layout is None or not self.training:
            return {"maps": self.backbone(images, modalities, layout), "modalities": modalities}
        if not layout.paired:
            raise InputError(
                "MUN pairs visible and infrared images of an identity, which this batch does not: "
                "DATALOADER.SAMPLER_TRAIN CrossModalityIdentitySampler does"
            )
        targets = batch["targets"].to(self.device)
        if layout.rows is not None:
            order = torch.cat(layout.rows)
            images, modalities, targets = images[order], modalities[order], targets[order]
        maps, auxiliary = self._maps(*images.chunk(2))
        found = {"maps": maps, "modalities": modalities, "targets": targets, "pair_targets": targets.chunk(2)[0]}
        return found if auxiliary is None else found | {"auxiliary_maps": auxiliary}

    @property
    def _stages(self) -> TwoStreamResNet:
        return cast(TwoStreamResNet, self.backbone)

    def _maps(self, visible: Tensor, infrared: Tensor) -> tuple[Tensor, Tensor | None]:
        """Paired images (B, 3, H, W) to their (2 * B, C, h, w) maps, and the (B, C, h, w) auxiliary ones if any."""
        specific = self._stages.specific_of
        if self.auxiliary is None:
            return self._stages.shared(specific([visible, infrared])), None
        if isinstance(self.auxiliary, AuxiliaryGenerator):
            real = specific([visible, infrared])
            return self._shared(real, self.auxiliary(*real.chunk(2)))
        # the images that table 2 compares with are in color: the visible stream takes them
        made = self.auxiliary(visible, infrared)
        if not self.own_statistics:
            seen, auxiliary, thermal = specific([torch.cat([visible, made]), infrared]).chunk(3)
            return self._shared(torch.cat([seen, thermal]), auxiliary)
        real = specific([visible, infrared])
        with running_statistics_kept(self.backbone):
            auxiliary = specific([made])
        return self._shared(real, auxiliary)

    def _shared(self, real: Tensor, auxiliary: Tensor) -> tuple[Tensor, Tensor]:
        """Turn maps of the specific stages into those of the shared ones."""
        if not self.own_statistics:
            maps = self._stages.shared(torch.cat([real, auxiliary]))
            return maps[: len(real)], maps[len(real) :]
        found = self._stages.shared(real)
        with running_statistics_kept(self.backbone):
            return found, self._stages.shared(auxiliary)
