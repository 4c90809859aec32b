"""A convolutional network of timm, with the stride and the weights of Re-ID."""

from typing import Any, cast

import timm
import torch
from timm.models.resnet import ResNet
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError, first_line
from fastreid_mm.modeling.backbones.pretrained import load_matching, read_state_dict, require_download
from fastreid_mm.modeling.backbones.stages import LAYOUTS, Layout, layout_of, put_channels_first, remove_last_stride

KEY = "MODEL.BACKBONE.RESNET.NAME"
"""The config key of the network's name."""


def build_cnn(cfg: CfgNode) -> nn.Module:
    """Build the network of :func:`create_cnn` with the weights of ``MODEL.BACKBONE.PRETRAIN_PATH``, if it has any.

    Raises:
        InputError: what :func:`create_cnn` raises, or the weights do not fit.
    """
    network, backbone = create_cnn(cfg), cfg.MODEL.BACKBONE
    if backbone.PRETRAIN and backbone.PRETRAIN_PATH:
        load_cnn(network, read_state_dict(backbone.PRETRAIN_PATH, network.state_dict()), backbone.PRETRAIN_PATH)
    return network


def create_cnn(cfg: CfgNode) -> nn.Module:
    """Create the network of ``MODEL.BACKBONE.RESNET`` and ``MODEL.BACKBONE.LAST_STRIDE``, without classifier.

    ``MODEL.BACKBONE.PRETRAIN`` loads timm's weights of that name, unless a file has others.

    Raises:
        InputError: the name is unknown or of no known family, or the stride cannot be removed.
    """
    backbone, name = cfg.MODEL.BACKBONE, cfg.MODEL.BACKBONE.RESNET.NAME
    network = _create(name, pretrained=backbone.PRETRAIN and not backbone.PRETRAIN_PATH)
    layout = cast(Layout, layout_of(network))
    for child in [child for child, _ in network.named_children() if child not in layout.names]:
        setattr(network, child, nn.Identity())  # what comes after the maps
    if backbone.LAST_STRIDE == 1 and not remove_last_stride(network):
        raise InputError(f"MODEL.BACKBONE.LAST_STRIDE 1: {name} has a stride that cannot be removed")
    if not backbone.RESNET.STEM_RELU:
        if not isinstance(network, ResNet):
            raise InputError(f"MODEL.BACKBONE.RESNET.STEM_RELU False: {name} is not a ResNet of timm")
        network.act1 = nn.Identity()
    return network.to(memory_format=memory_format(backbone.CHANNELS_LAST))


def load_cnn(network: nn.Module, state: dict[str, Tensor], path: str) -> None:
    """Copy the weights of a file into a network.

    Raises:
        InputError: they do not fit.
    """
    # torchvision's older files were saved before BatchNorm counted its batches
    counters = {name: value for name, value in network.state_dict().items() if name.endswith("num_batches_tracked")}
    load_matching(network, counters | state, path)


def memory_format(channels_last: bool) -> torch.memory_format:
    """Choose the memory format that images and modules alike are brought into."""
    return torch.channels_last if channels_last else torch.preserve_format


def _create(name: str, pretrained: bool) -> nn.Module:
    if pretrained:
        require_download(KEY, name)
    try:
        network = _create_any_size(name, pretrained)
    except (RuntimeError, ValueError, OSError) as error:  # unknown name, or weights that cannot be fetched
        raise InputError(f"{KEY} {name}: {first_line(error)}") from None
    if layout_of(network) is None:
        families = ", ".join(family.__name__ for family in LAYOUTS)
        raise InputError(f"{KEY} {name} is a {type(network).__name__} of timm, not one of {families}")
    put_channels_first(network)
    return network


def _create_any_size(name: str, pretrained: bool) -> nn.Module:
    # timm starts the last BatchNorm of a block at zero, torchvision, which AGW and HCT build on, at one; Swin has one
    # image size otherwise
    options: tuple[dict[str, Any], ...] = ({"zero_init_last": False}, {"strict_img_size": False})
    for option in options:
        try:
            return timm.create_model(name, pretrained=pretrained, num_classes=0, **option)
        except TypeError:  # a network that has no such option
            continue
    return timm.create_model(name, pretrained=pretrained, num_classes=0)
