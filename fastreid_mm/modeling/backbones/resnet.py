"""A ResNet of timm, with the stride and the weights of Re-ID."""

from typing import cast

import timm
from timm.models.resnet import ResNet
from torch import nn
from yacs.config import CfgNode

from fastreid_mm.errors import InputError, first_line
from fastreid_mm.modeling.backbones.pretrained import load_matching, read_state_dict, require_download


def build_resnet(cfg: CfgNode) -> ResNet:
    """Build the ResNet of ``MODEL.BACKBONE.RESNET`` and ``MODEL.BACKBONE.LAST_STRIDE``, without classifier.

    ``MODEL.BACKBONE.PRETRAIN`` loads timm's weights of that name, or the file ``MODEL.BACKBONE.PRETRAIN_PATH``.

    Raises:
        InputError: the name is unknown, the stride is impossible, or the weights do not fit.
    """
    backbone = cfg.MODEL.BACKBONE
    if backbone.LAST_STRIDE not in (1, 2):
        raise InputError(f"MODEL.BACKBONE.LAST_STRIDE {backbone.LAST_STRIDE} is neither 1 nor 2")
    resnet = _create(backbone.RESNET.NAME, pretrained=backbone.PRETRAIN and not backbone.PRETRAIN_PATH)
    if backbone.PRETRAIN and backbone.PRETRAIN_PATH:
        _load(resnet, backbone.PRETRAIN_PATH)
    if backbone.LAST_STRIDE == 1:
        _remove_stride(cast(nn.Module, resnet.layer4))
    if not backbone.RESNET.STEM_RELU:
        resnet.act1 = nn.Identity()
    return resnet


def map_size(cfg: CfgNode, size: tuple[int, int]) -> tuple[int, int]:
    """(rows, columns) of the last maps of the network of :func:`build_resnet`, for images of (height, width)."""
    return tuple(-(-side // (16 * cfg.MODEL.BACKBONE.LAST_STRIDE)) for side in size)


def _create(name: str, pretrained: bool) -> ResNet:
    resnet = None
    if pretrained:
        require_download("MODEL.BACKBONE.RESNET.NAME", name)
    try:
        # timm starts the last BatchNorm of a block at zero, torchvision, which AGW and HCT build on, at one
        resnet = timm.create_model(name, pretrained=pretrained, num_classes=0, zero_init_last=False)
    except TypeError:  # another network, which has no such option
        pass
    except (RuntimeError, ValueError, OSError) as error:  # unknown name, or weights that cannot be fetched
        raise InputError(f"MODEL.BACKBONE.RESNET.NAME {name}: {first_line(error)}") from None
    if not isinstance(resnet, ResNet):
        raise InputError(f"MODEL.BACKBONE.RESNET.NAME {name} is not a ResNet of timm")
    return resnet


def _load(resnet: ResNet, path: str) -> None:
    # torchvision's older files were saved before BatchNorm counted its batches
    counters = {name: value for name, value in resnet.state_dict().items() if name.endswith("num_batches_tracked")}
    load_matching(resnet, counters | read_state_dict(path), path, unused=("fc",))


def _remove_stride(stage: nn.Module) -> None:
    """Let a stage keep the size of its maps. The ``output_stride`` of timm would also dilate its convolutions."""
    for parent in list(stage.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.Conv2d):
                child.stride = (1, 1)
            elif isinstance(child, nn.AvgPool2d):  # the shortcut of the ResNet-D variants
                setattr(parent, name, nn.Identity())
