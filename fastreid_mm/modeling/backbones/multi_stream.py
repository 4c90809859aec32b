"""A network of timm for each modality, without shared layers, as in IEEE ("Framework") and HAMNet (section 3.1).

IEEE: Wang et al., AAAI 2022, https://ojs.aaai.org/index.php/AAAI/article/view/20165; HAMNet: Li et al., AAAI 2020
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, cast

import torch
from fastreid.modeling.backbones import BACKBONE_REGISTRY
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.common.batch_layout import Layout, layout_of
from fastreid_mm.layers.exporting import is_exporting
from fastreid_mm.modeling.backbones.network import build_network, memory_format
from fastreid_mm.modeling.backbones.required import build_required
from fastreid_mm.modeling.backbones.stages import output_shape, possible_size, split
from fastreid_mm.modeling.backbones.token_stages import last_grid


class MultiStreamResNet(nn.Module):
    """Takes each modality of aligned samples through a network of its own; all networks start from the same weights.

    Args:
        network: of one of timm's families that :func:`split` knows, without classifier.
        num_modalities: how many modalities M there are.
        pretrained: whether the weights are pretrained rather than random.
        channels_last: whether the maps lie in memory channels last; the network is to do so too.
    """

    def __init__(
        self, network: nn.Module, num_modalities: int, pretrained: bool = False, channels_last: bool = False
    ) -> None:
        super().__init__()
        self.streams = nn.ModuleList(deepcopy(network) for _ in range(num_modalities))
        self.dim = output_shape(nn.Sequential(split(network)), possible_size(network))[0]
        self.grid = last_grid(network)
        """The places of the tokens of a vision transformer, whose patches are the maps."""
        self._pretrained, self._channels_last = pretrained, channels_last

    def first(self) -> "MultiStreamResNet":
        """Return the network of the first modality alone."""
        return MultiStreamResNet(self.streams[0], 1, self._pretrained, self._channels_last)

    def map_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """(rows, columns) of the maps, for images of (height, width)."""
        _, rows, columns = output_shape(nn.Sequential(split(self.streams[0])), size)
        return rows, columns

    def pretrained_parameters(self) -> Iterator[nn.Parameter]:
        """Give the parameters with pretrained weights: all or none."""
        return self.parameters() if self._pretrained else iter(())

    def forward(self, images: Tensor, present: Tensor | None = None, layout: Layout | None = None) -> Tensor:
        """Turn normalized images into maps.

        Args:
            images: (B, M, 3, H, W).
            present: (B, M) bool, the modalities that a sample has; None for all. A missing image does not enter the
                network, except while exporting, and its map is zero.
            layout: of the batch; without it, ``present`` is read, for which a GPU is waited for.

        Returns:
            (B, M, C, h, w).

        Raises:
            ValueError: there are more or fewer modalities than streams.
        """
        if images.shape[1] != len(self.streams):
            raise ValueError(f"images of {images.shape[1]} modalities, the network has {len(self.streams)} streams")
        rows = None if present is None or is_exporting() else (layout or layout_of({"modality_mask": present})).rows
        if rows is None:
            whole = torch.stack([self._stream(index, image) for index, image in enumerate(images.unbind(1))], dim=1)
            return whole if present is None else whole * present[..., None, None, None]
        by_stream = [self._stream(index, images[row, index]) if len(row) else None for index, row in enumerate(rows)]
        first = next(maps for maps in by_stream if maps is not None)
        maps = first.new_zeros(images.shape[0], len(self.streams), *first.shape[1:])
        for index, row in enumerate(rows):
            if len(row):
                maps[row, index] = cast(Tensor, by_stream[index])
        return maps

    def _stream(self, index: int, images: Tensor) -> Tensor:
        stream = cast(Any, self.streams[index])
        found = stream.forward_features(images.to(memory_format=memory_format(self._channels_last)))
        return found if self.grid is None else self.grid.maps(found)


@BACKBONE_REGISTRY.register()
def build_multi_stream_resnet_backbone(cfg: CfgNode) -> MultiStreamResNet:
    """Build a network of ``MODEL.BACKBONE`` for each of ``DATASETS.ALIGNED.MODALITIES``, see :func:`build_network`."""
    backbone, modalities = cfg.MODEL.BACKBONE, len(cfg.DATASETS.ALIGNED.MODALITIES)
    return MultiStreamResNet(build_network(cfg), modalities, backbone.PRETRAIN, backbone.CHANNELS_LAST)


def build_multi_stream(cfg: CfgNode) -> MultiStreamResNet:
    """Build the backbone that ``MODEL.BACKBONE.NAME`` names, for architectures that need a stream for each modality.

    Raises:
        InputError: it is another kind of backbone.
    """
    return build_required(cfg, MultiStreamResNet, "build_multi_stream_resnet_backbone")
