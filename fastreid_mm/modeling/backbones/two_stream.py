"""A network of timm whose first stages exist once for each modality, as in AGW and HCT (section 3.1).

AGW: Ye et al., TPAMI 2021, https://arxiv.org/abs/2001.04193; HCT: Liu et al., TMM 2020,
https://arxiv.org/abs/2008.06223
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import cast

import torch
from fastreid.modeling.backbones import BACKBONE_REGISTRY
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.common.batch_layout import Layout, layout_of
from fastreid_mm.common.errors import InputError
from fastreid_mm.common.modality import INFRARED
from fastreid_mm.layers.exporting import is_exporting
from fastreid_mm.modeling.backbones.adapters import adapt
from fastreid_mm.modeling.backbones.network import create_network, load_network, memory_format
from fastreid_mm.modeling.backbones.plain_vit import PlainViT
from fastreid_mm.modeling.backbones.required import build_required
from fastreid_mm.modeling.backbones.stages import output_shape, possible_size, split
from fastreid_mm.modeling.backbones.stream_weights import read_streams
from fastreid_mm.modeling.backbones.token_stages import TokenNetwork, last_grid


class TwoStreamResNet(nn.Module):
    """Takes each image through the first stages of its modality, and then all images through the shared other stages.

    Both streams start from the same weights. In them, BatchNorm normalizes one modality, in the shared stages the whole
    batch. The stages of a vision transformer pass on tokens, of which the last one keeps the patches as maps.

    Args:
        network: of one of timm's families that :func:`split` knows, without classifier.
        specific_stages: how many of its stages, from the stem on, exist for each modality.
        pretrained: whether the weights are pretrained rather than random.
        channels_last: whether the maps lie in memory channels last; the network is to do so too.

    Raises:
        ValueError: there are not so many stages, or ``specific_stages`` is 0.
    """

    def __init__(
        self,
        network: nn.Module,
        specific_stages: int = 2,
        pretrained: bool = False,
        channels_last: bool = False,
    ) -> None:
        super().__init__()
        stages = list(split(network).items())
        if not 1 <= specific_stages <= len(stages):
            raise ValueError(f"specific_stages {specific_stages} is not one of 1 .. {len(stages)}")
        specific = nn.Sequential(OrderedDict(stages[:specific_stages]))
        self.streams = nn.ModuleList(deepcopy(specific) for _ in range(2))
        self.rest = nn.Sequential(OrderedDict(stages[specific_stages:]))
        self.grid = last_grid(network) if isinstance(network, PlainViT) else None
        """The places of the tokens that a plain vision transformer has between its stages."""
        size = possible_size(network)
        shape, self.dim = output_shape(specific, size), output_shape(self._whole(), size)[0]
        self.specific_dim = shape[0] if len(shape) == 3 else shape[-1]
        self._pretrained = pretrained
        self._format = memory_format(channels_last and not isinstance(network, TokenNetwork))

    def take_stream(self, index: int, network: nn.Module) -> bool:
        """Copy the first stages of another network into a stream.

        Returns:
            Whether its other stages are those that all modalities share here.
        """
        stages = list(split(network).items())
        count = len(cast(nn.Sequential, self.streams[index]))
        self.streams[index].load_state_dict(nn.Sequential(OrderedDict(stages[:count])).state_dict())
        shared = nn.Sequential(OrderedDict(stages[count:])).state_dict()
        return all(torch.equal(value, shared[name]) for name, value in self.rest.state_dict().items())

    def _whole(self) -> nn.Module:
        return nn.Sequential(self.streams[0], self.rest)

    def specific_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """(rows, columns) of the maps or tokens of :meth:`specific`, for images of (height, width).

        Raises:
            ValueError: the tokens are in no order by rows and columns.
        """
        shape = output_shape(self.streams[0], size)
        if len(shape) == 3:
            return shape[1], shape[2]
        if self.grid is None:
            raise ValueError("the tokens between its stages are not in rows and columns")
        return self.grid.rows, self.grid.columns

    def map_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """(rows, columns) of the last maps, for images of (height, width)."""
        _, rows, columns = output_shape(self._whole(), size)
        return rows, columns

    def pretrained_parameters(self) -> Iterator[nn.Parameter]:
        """Give the parameters with pretrained weights: all or none."""
        return self.parameters() if self._pretrained else iter(())

    def specific(self, images: Tensor, modalities: Tensor, layout: Layout | None = None) -> Tensor:
        """Take each image through the first stages of its modality.

        Args:
            images: (B, 3, H, W), normalized.
            modalities: (B,).
            layout: of the batch; without it, the modalities are read, for which a GPU is waited for.

        Returns:
            (B, specific_dim, h, w) maps, or (B, P + N, specific_dim) tokens, in the order of the images.

        Raises:
            ValueError: there is no stream for the modality of an image; not while exporting.
        """
        if is_exporting():
            return self._selected(images.to(memory_format=self._format), modalities)
        counts, rows = (layout or layout_of({"modalities": modalities}))[:2]
        if sum(counts) != len(images):
            raise ValueError(f"{len(images)} images, but only {sum(counts)} of a modality below 2")
        if rows is None:
            return self.specific_of(images.split(counts))
        return self.specific_of([images[row] for row in rows])[torch.cat(rows).argsort()]

    def specific_of(self, images: Sequence[Tensor]) -> Tensor:
        """Take images (n, 3, H, W) of each modality, n of which may be 0, through its first stages, one after another.

        Returns:
            (B, specific_dim, h, w) maps of all, or (B, P + N, specific_dim) tokens, in the order of the modalities.
        """
        each = zip(self.streams, images)
        return torch.cat([stream(one.to(memory_format=self._format)) for stream, one in each if len(one)])

    def _selected(self, images: Tensor, modalities: Tensor) -> Tensor:
        """:meth:`specific` in evaluation without splitting the batch: every stream takes all images."""
        visible, infrared = (stream(images) for stream in self.streams)
        return torch.where((modalities == INFRARED).view(-1, *[1] * (visible.ndim - 1)), infrared, visible)

    def shared(self, maps: Tensor) -> Tensor:
        """Turn what :meth:`specific` gives, of any modalities, into (B, dim, h', w') maps, in one pass."""
        return self.rest(maps.to(memory_format=self._format))

    def forward(self, images: Tensor, modalities: Tensor, layout: Layout | None = None) -> Tensor:
        """(B, 3, H, W) normalized images to (B, dim, h', w') maps, see :meth:`specific`."""
        return self.shared(self.specific(images, modalities, layout))


@BACKBONE_REGISTRY.register()
def build_two_stream_resnet_backbone(cfg: CfgNode) -> TwoStreamResNet:
    """Build the two-stream network of ``MODEL.BACKBONE``, see :func:`build_network`.

    A file of weights may have the first stages of each modality, see :func:`read_streams`.

    Raises:
        InputError: the number of stages is impossible, and what :func:`build_network` raises.
    """
    network, backbone = create_network(cfg), cfg.MODEL.BACKBONE
    path = backbone.PRETRAIN_PATH if backbone.PRETRAIN else ""
    first, *others = read_streams(path, network.state_dict()) if path else [network.state_dict()]
    load_network(network, first, path)
    stages = backbone.RESNET.SPECIFIC_STAGES
    try:
        model = TwoStreamResNet(network, stages, backbone.PRETRAIN, backbone.CHANNELS_LAST)
    except ValueError as error:
        raise InputError(f"MODEL.BACKBONE.RESNET.SPECIFIC_STAGES: {error}") from None
    for index, state in enumerate(others, 1):
        other = deepcopy(network)  # the model's shared stages are the network's own
        load_network(other, state, path)
        if not model.take_stream(index, other):
            raise InputError(
                f"MODEL.BACKBONE.RESNET.SPECIFIC_STAGES {stages}: {path} has more stages for each modality than that"
            )
    adapt(model, cfg)
    return model


def build_two_stream(cfg: CfgNode) -> TwoStreamResNet:
    """Build the backbone that ``MODEL.BACKBONE.NAME`` names, for architectures that need two streams.

    Raises:
        InputError: it is another kind of backbone.
    """
    return build_required(cfg, TwoStreamResNet, "build_two_stream_resnet_backbone")
