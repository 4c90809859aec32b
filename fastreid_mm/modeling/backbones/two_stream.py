"""A ResNet of timm whose first stages exist once for each modality, as in AGW and HCT (section 3.1).

AGW: Ye et al., TPAMI 2021, https://arxiv.org/abs/2001.04193; HCT: Liu et al., TMM 2020,
https://arxiv.org/abs/2008.06223
"""

from collections import OrderedDict
from collections.abc import Iterator
from copy import deepcopy
from typing import cast

import torch
from fastreid.modeling.backbones import BACKBONE_REGISTRY
from timm.models.resnet import ResNet
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.errors import InputError
from fastreid_mm.modeling.backbones.required import build_required
from fastreid_mm.modeling.backbones.resnet import build_resnet


class TwoStreamResNet(nn.Module):
    """Takes each image through the first stages of its modality, and then all images through the shared other stages.

    Both streams start from the same weights. In them, BatchNorm normalizes one modality, in the shared stages the whole
    batch.

    Args:
        resnet: a timm ResNet without classifier.
        specific_stages: how many of the five stages (stem, layer1 .. layer4) exist for each modality.
        pretrained: whether the weights are pretrained rather than random.
        num_modalities: how many modalities there are.

    Raises:
        ValueError: ``specific_stages`` is not 1 to 5.
    """

    def __init__(
        self, resnet: ResNet, specific_stages: int = 2, pretrained: bool = False, num_modalities: int = 2
    ) -> None:
        super().__init__()
        stages = _stages(resnet)
        if not 1 <= specific_stages <= len(stages):
            raise ValueError(f"specific_stages {specific_stages} is not one of 1 .. {len(stages)}")
        specific = nn.Sequential(OrderedDict(stages[:specific_stages]))
        self.streams = nn.ModuleList(deepcopy(specific) for _ in range(num_modalities))
        self.rest = nn.Sequential(OrderedDict(stages[specific_stages:]))
        self.specific_dim = cast(int, resnet.feature_info[specific_stages - 1]["num_chs"])
        self.dim: int = resnet.num_features
        self._pretrained = pretrained

    def pretrained_parameters(self) -> Iterator[nn.Parameter]:
        """The parameters with pretrained weights: all or none."""
        return self.parameters() if self._pretrained else iter(())

    def specific(self, images: Tensor, modalities: Tensor) -> Tensor:
        """(B, 3, H, W) normalized images and (B,) modalities to (B, specific_dim, h, w) maps in the same order.

        Raises:
            ValueError: there is no stream for the modality of an image.
        """
        rows = [torch.nonzero(modalities == index).flatten() for index in range(len(self.streams))]
        order = torch.cat(rows)
        if len(order) != len(images):
            raise ValueError(f"{len(images)} images, but only {len(order)} of a modality below {len(self.streams)}")
        maps = [stream(images[row]) for stream, row in zip(self.streams, rows) if len(row)]
        return torch.cat(maps)[order.argsort()]

    def shared(self, maps: Tensor) -> Tensor:
        """(B, specific_dim, h, w) maps of any modalities to (B, dim, h', w'), in one pass."""
        return self.rest(maps)

    def forward(self, images: Tensor, modalities: Tensor) -> Tensor:
        """(B, 3, H, W) normalized images and (B,) modalities to (B, dim, h', w') maps."""
        return self.shared(self.specific(images, modalities))


def _stages(resnet: ResNet) -> list[tuple[str, nn.Module]]:
    stem = nn.Sequential(OrderedDict((name, getattr(resnet, name)) for name in ("conv1", "bn1", "act1", "maxpool")))
    return [("stem", stem), *((name, getattr(resnet, name)) for name in ("layer1", "layer2", "layer3", "layer4"))]


@BACKBONE_REGISTRY.register()
def build_two_stream_resnet_backbone(cfg: CfgNode) -> TwoStreamResNet:
    """Build the two-stream ResNet of ``MODEL.BACKBONE``, see :func:`build_resnet`.

    Raises:
        InputError: the number of stages is impossible, and what :func:`build_resnet` raises.
    """
    resnet = build_resnet(cfg)
    try:
        return TwoStreamResNet(resnet, cfg.MODEL.BACKBONE.RESNET.SPECIFIC_STAGES, cfg.MODEL.BACKBONE.PRETRAIN)
    except ValueError as error:
        raise InputError(f"MODEL.BACKBONE.RESNET.SPECIFIC_STAGES: {error}") from None


def build_two_stream(cfg: CfgNode) -> TwoStreamResNet:
    """Build the backbone that ``MODEL.BACKBONE.NAME`` names, for architectures that need two streams.

    Raises:
        InputError: it is another kind of backbone.
    """
    return build_required(cfg, TwoStreamResNet, "build_two_stream_resnet_backbone")
