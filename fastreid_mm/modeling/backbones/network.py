"""A network of timm for maps, with the stride and the weights of Re-ID."""

from typing import Any, cast

import timm
import torch
from timm.models.hiera import Hiera
from timm.models.resnet import ResNet
from timm.models.swin_transformer import SwinTransformer
from timm.models.swin_transformer_v2 import SwinTransformerV2
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError, first_line
from fastreid_mm.modeling.backbones.plain_vit import create_vit, is_plain
from fastreid_mm.modeling.backbones.positions import fit_positions
from fastreid_mm.modeling.backbones.pretrained import load_matching, read_state_dict, require_download
from fastreid_mm.modeling.backbones.stages import (
    LAYOUTS,
    Layout,
    layout_of,
    output_shape,
    put_channels_first,
    remove_last_stride,
    split,
)
from fastreid_mm.modeling.backbones.token_stages import TokenNetwork

KEY = "MODEL.BACKBONE.RESNET.NAME"
"""The config key of the network's name."""


def build_network(cfg: CfgNode) -> nn.Module:
    """Build the network of :func:`create_network` with the weights of ``MODEL.BACKBONE.PRETRAIN_PATH``, if it has any.

    Raises:
        InputError: what :func:`create_network` raises, or the weights do not fit.
    """
    network, backbone = create_network(cfg), cfg.MODEL.BACKBONE
    if backbone.PRETRAIN and backbone.PRETRAIN_PATH:
        load_network(network, read_state_dict(backbone.PRETRAIN_PATH, network.state_dict()), backbone.PRETRAIN_PATH)
    return network


def create_network(cfg: CfgNode) -> nn.Module:
    """Create the network of ``MODEL.BACKBONE.RESNET`` and ``MODEL.BACKBONE.LAST_STRIDE``, without classifier.

    ``MODEL.BACKBONE.PRETRAIN`` loads timm's weights of that name, unless a file has others.

    Raises:
        InputError: the name is unknown or of no known family, images are of a size that it cannot take, or the stride
            cannot be removed.
    """
    backbone, name = cfg.MODEL.BACKBONE, cfg.MODEL.BACKBONE.RESNET.NAME
    pretrained, size = backbone.PRETRAIN and not backbone.PRETRAIN_PATH, tuple(cfg.INPUT.SIZE_TRAIN)
    network = create_staged(name, KEY, size, pretrained, **(dropouts(cfg) if is_plain(name) else {}))
    if isinstance(network, TokenNetwork):
        require_one_size(cfg)
    if isinstance(network, TokenNetwork | SwinTransformer | SwinTransformerV2):
        require_possible(network, size, f"{KEY} {name}")
    if backbone.LAST_STRIDE == 1 and not remove_last_stride(network):
        raise InputError(f"MODEL.BACKBONE.LAST_STRIDE 1: {name} has a stride that cannot be removed")
    if not backbone.RESNET.STEM_RELU:
        if not isinstance(network, ResNet):
            raise InputError(f"MODEL.BACKBONE.RESNET.STEM_RELU False: {name} is not a ResNet of timm")
        network.act1 = nn.Identity()
    return network.to(memory_format=memory_format(backbone.CHANNELS_LAST))


def load_network(network: nn.Module, state: dict[str, Tensor], path: str) -> None:
    """Copy the weights of a file into a network.

    Raises:
        InputError: they do not fit.
    """
    # torchvision's older files were saved before BatchNorm counted its batches
    counters = {name: value for name, value in network.state_dict().items() if name.endswith("num_batches_tracked")}
    if isinstance(network, TokenNetwork):
        state = fit_positions(network, state, path)
    load_matching(network, counters | state, path)


def memory_format(channels_last: bool) -> torch.memory_format:
    """Choose the memory format that images and modules alike are brought into."""
    return torch.channels_last if channels_last else torch.preserve_format


def dropouts(cfg: CfgNode) -> dict[str, float]:
    """Read the options of timm's transformers that drop something in training."""
    backbone = cfg.MODEL.BACKBONE
    return {
        "drop_path_rate": backbone.DROP_PATH_RATIO,
        "proj_drop_rate": backbone.DROP_RATIO,
        "attn_drop_rate": backbone.ATT_DROP_RATE,
    }


def require_one_size(cfg: CfgNode) -> None:
    """Refuse to test a network whose positions are learnt at another size than that of training.

    Raises:
        InputError: names both sizes.
    """
    if list(cfg.INPUT.SIZE_TRAIN) != list(cfg.INPUT.SIZE_TEST):
        raise InputError(
            f"a ViT has one image size: INPUT.SIZE_TRAIN {cfg.INPUT.SIZE_TRAIN}, INPUT.SIZE_TEST {cfg.INPUT.SIZE_TEST}"
        )


def create_staged(name: str, key: str, size: tuple[int, int], pretrained: bool = False, **options: Any) -> nn.Module:
    """Create a network of one of the :data:`LAYOUTS`, without what follows the maps, which have their channels first.

    Args:
        name: that of the network in timm.
        key: the config key that has the name.
        size: (height, width) of the images.
        pretrained: whether to load timm's weights of that name.
        options: those of timm's constructor.

    Raises:
        InputError: the name is unknown or of no known family.
    """
    if pretrained:
        require_download(key, name)
    if is_plain(name):
        network: nn.Module = create_vit(name, key, img_size=size, **options)
        if pretrained:
            load_network(network, create_vit(name, key, pretrained=True).state_dict(), name)
    else:
        network = _create(name, key, size, pretrained, options)
        put_channels_first(network)
    layout = cast(Layout, layout_of(network))
    for child in [child for child, _ in network.named_children() if child not in layout.names]:
        setattr(network, child, nn.Identity())  # what comes after the maps
    return network


def require_possible(network: nn.Module, size: tuple[int, int], named: str) -> None:
    """Refuse images of a (height, width) that a network cannot take.

    Args:
        named: the config key and the name of the network, for the message.

    Raises:
        InputError: says why.
    """
    try:
        output_shape(nn.Sequential(split(network)), size)
    except (RuntimeError, AssertionError) as error:
        sides = " x ".join(map(str, size))
        reason = "it needs sides that 32 divides" if isinstance(network, Hiera) else first_line(error)
        raise InputError(f"{named} cannot take images of {sides}: {reason}") from None


def _create(name: str, key: str, size: tuple[int, int], pretrained: bool, options: dict[str, Any]) -> nn.Module:
    try:
        network = _create_any_size(name, size, pretrained, options)
    except (RuntimeError, ValueError, OSError) as error:  # unknown name, or weights that cannot be fetched
        raise InputError(f"{key} {name}: {first_line(error)}") from None
    except TypeError as error:
        raise InputError(f"{key} {name} does not take {', '.join(options)}: {first_line(error)}") from None
    if layout_of(network) is None:
        families = ", ".join(family.__name__ for family in LAYOUTS)
        raise InputError(f"{key} {name} is a {type(network).__name__} of timm, not one of {families}")
    return network


def _create_any_size(name: str, size: tuple[int, int], pretrained: bool, options: dict[str, Any]) -> nn.Module:
    # timm starts the last BatchNorm of a block at zero, torchvision, which AGW and HCT build on, at one; Swin has one
    # image size otherwise, and Hiera in any case
    choices: tuple[dict[str, Any], ...] = ({"zero_init_last": False}, {"strict_img_size": False}, {"img_size": size})
    for choice in choices:
        try:
            return timm.create_model(name, pretrained=pretrained, num_classes=0, **choice, **options)
        except TypeError:  # a network that has no such option
            continue
    return timm.create_model(name, pretrained=pretrained, num_classes=0, **options)
