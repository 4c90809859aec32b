"""A ResNet of timm whose first stages exist once for each modality (AGW; HCT, section 3.1)."""

from collections import OrderedDict
from collections.abc import Iterator
from copy import deepcopy

import timm
import torch
from fastreid.modeling.backbones import BACKBONE_REGISTRY, build_backbone
from timm.models.resnet import ResNet
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.errors import InputError, first_line
from fastreid_mm.modeling.backbones.pretrained import load_matching, read_state_dict


class TwoStreamResNet(nn.Module):
    """Each image goes through its own modality's first stages, then all go through the shared rest together.

    Both streams start from the same weights. BatchNorm in them sees one modality, in the shared stages the whole batch.

    Args:
        resnet: a timm ResNet without classifier.
        specific_stages: how many of the five stages (stem, layer1 .. layer4) each modality has of its own.
        pretrained: whether the weights were loaded rather than drawn.
        num_modalities: how many modalities there are.

    Raises:
        ValueError: ``specific_stages`` is not 1 to 5.
    """

    def __init__(self, resnet: ResNet, specific_stages: int = 2, pretrained: bool = False, num_modalities: int = 2):
        super().__init__()
        stages = _stages(resnet)
        if not 1 <= specific_stages <= len(stages):
            raise ValueError(f"specific_stages {specific_stages} is not one of 1 .. {len(stages)}")
        specific = nn.Sequential(OrderedDict(stages[:specific_stages]))
        self.streams = nn.ModuleList(deepcopy(specific) for _ in range(num_modalities))
        self.rest = nn.Sequential(OrderedDict(stages[specific_stages:]))
        self.specific_dim: int = resnet.feature_info[specific_stages - 1]["num_chs"]
        self.dim: int = resnet.num_features
        self._pretrained = pretrained

    def pretrained_parameters(self) -> Iterator[nn.Parameter]:
        """The parameters that were loaded rather than drawn: all or none."""
        return self.parameters() if self._pretrained else iter(())

    def specific(self, images: Tensor, modalities: Tensor) -> Tensor:
        """(B, 3, H, W) normalised images and (B,) modalities to (B, specific_dim, h, w) maps in the same order.

        Raises:
            ValueError: a modality that there is no stream for.
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
        """(B, 3, H, W) normalised images and (B,) modalities to (B, dim, h', w') maps."""
        return self.shared(self.specific(images, modalities))


def _stages(resnet: ResNet) -> list[tuple[str, nn.Module]]:
    stem = nn.Sequential(OrderedDict((name, getattr(resnet, name)) for name in ("conv1", "bn1", "act1", "maxpool")))
    return [("stem", stem), *((name, getattr(resnet, name)) for name in ("layer1", "layer2", "layer3", "layer4"))]


@BACKBONE_REGISTRY.register()
def build_two_stream_resnet_backbone(cfg: CfgNode) -> TwoStreamResNet:
    """Build the two-stream ResNet of ``MODEL.BACKBONE.RESNET`` and ``MODEL.BACKBONE.LAST_STRIDE``.

    ``MODEL.BACKBONE.PRETRAIN`` loads timm's weights of that name, or the file ``MODEL.BACKBONE.PRETRAIN_PATH``.

    Raises:
        InputError: unknown name, impossible number of stages or stride, or weights that do not fit.
    """
    backbone, options = cfg.MODEL.BACKBONE, cfg.MODEL.BACKBONE.RESNET
    if backbone.LAST_STRIDE not in (1, 2):
        raise InputError(f"MODEL.BACKBONE.LAST_STRIDE {backbone.LAST_STRIDE} is neither 1 nor 2")
    resnet = _create(options.NAME, pretrained=backbone.PRETRAIN and not backbone.PRETRAIN_PATH)
    if backbone.PRETRAIN and backbone.PRETRAIN_PATH:
        _load(resnet, backbone.PRETRAIN_PATH)
    if backbone.LAST_STRIDE == 1:
        _remove_stride(resnet.layer4)
    try:
        return TwoStreamResNet(resnet, options.SPECIFIC_STAGES, backbone.PRETRAIN)
    except ValueError as error:
        raise InputError(f"MODEL.BACKBONE.RESNET.SPECIFIC_STAGES: {error}") from None


def build_two_stream(cfg: CfgNode) -> TwoStreamResNet:
    """The backbone that ``MODEL.BACKBONE.NAME`` names, for architectures that need two streams.

    Raises:
        InputError: it is another kind of backbone.
    """
    backbone = build_backbone(cfg)
    if not isinstance(backbone, TwoStreamResNet):
        raise InputError(f"{cfg.MODEL.META_ARCHITECTURE} needs MODEL.BACKBONE.NAME build_two_stream_resnet_backbone, "
                         f"not {cfg.MODEL.BACKBONE.NAME}")
    return backbone


def _create(name: str, pretrained: bool) -> ResNet:
    resnet = None
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
    """Let a stage keep the size of its maps. timm's ``output_stride`` would also dilate its convolutions."""
    for parent in list(stage.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.Conv2d):
                child.stride = (1, 1)
            elif isinstance(child, nn.AvgPool2d):  # the shortcut of the ResNet-D variants
                setattr(parent, name, nn.Identity())
