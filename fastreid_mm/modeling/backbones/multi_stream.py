"""A ResNet of timm for each modality, without shared layers, as in IEEE (section "Framework") and HAMNet (section 3.1).

IEEE: Wang et al., AAAI 2022, https://ojs.aaai.org/index.php/AAAI/article/view/20165; HAMNet: Li et al., AAAI 2020
"""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from typing import cast

import torch
from fastreid.modeling.backbones import BACKBONE_REGISTRY
from timm.models.resnet import ResNet
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.modeling.backbones.required import build_required
from fastreid_mm.modeling.backbones.resnet import build_resnet


class MultiStreamResNet(nn.Module):
    """Takes each modality of aligned samples through a network of its own; all networks start from the same weights.

    Args:
        resnet: a timm ResNet without classifier.
        num_modalities: how many modalities M there are.
        pretrained: whether the weights are pretrained rather than random.
    """

    def __init__(self, resnet: ResNet, num_modalities: int, pretrained: bool = False) -> None:
        super().__init__()
        self.streams = nn.ModuleList(deepcopy(resnet) for _ in range(num_modalities))
        self.dim: int = resnet.num_features
        self._pretrained = pretrained

    def first(self) -> "MultiStreamResNet":
        """The network of the first modality alone."""
        return MultiStreamResNet(cast(ResNet, self.streams[0]), 1, self._pretrained)

    def pretrained_parameters(self) -> Iterator[nn.Parameter]:
        """The parameters with pretrained weights: all or none."""
        return self.parameters() if self._pretrained else iter(())

    def forward(self, images: Tensor, present: Tensor | None = None) -> Tensor:
        """Normalized images to maps.

        Args:
            images: (B, M, 3, H, W).
            present: (B, M) bool, the modalities that a sample has; None for all. A missing image does not enter the
                network, and its map is zero.

        Returns:
            (B, M, C, h, w).

        Raises:
            ValueError: there are more or fewer modalities than streams.
        """
        if images.shape[1] != len(self.streams):
            raise ValueError(f"images of {images.shape[1]} modalities, the network has {len(self.streams)} streams")
        streams = cast(Iterable[ResNet], self.streams)
        if present is None:
            whole = [stream.forward_features(image) for stream, image in zip(streams, images.unbind(1))]
            return torch.stack(whole, dim=1)
        rows = [torch.nonzero(column).flatten() for column in present.unbind(1)]
        by_stream = [
            stream.forward_features(images[row, index]) if len(row) else None
            for index, (stream, row) in enumerate(zip(streams, rows))
        ]
        first = next(maps for maps in by_stream if maps is not None)
        maps = first.new_zeros(images.shape[0], len(self.streams), *first.shape[1:])
        for index, row in enumerate(rows):
            if len(row):
                maps[row, index] = cast(Tensor, by_stream[index])
        return maps


@BACKBONE_REGISTRY.register()
def build_multi_stream_resnet_backbone(cfg: CfgNode) -> MultiStreamResNet:
    """Build a ResNet of ``MODEL.BACKBONE`` for each of ``DATASETS.ALIGNED.MODALITIES``, see :func:`build_resnet`.

    Raises:
        InputError: what :func:`build_resnet` raises.
    """
    return MultiStreamResNet(build_resnet(cfg), len(cfg.DATASETS.ALIGNED.MODALITIES), cfg.MODEL.BACKBONE.PRETRAIN)


def build_multi_stream(cfg: CfgNode) -> MultiStreamResNet:
    """Build the backbone that ``MODEL.BACKBONE.NAME`` names, for architectures that need a stream for each modality.

    Raises:
        InputError: it is another kind of backbone.
    """
    return build_required(cfg, MultiStreamResNet, "build_multi_stream_resnet_backbone")
