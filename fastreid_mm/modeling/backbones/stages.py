"""The stages of networks of timm, in the order of their forward pass."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from timm.models.byobnet import ByobNet
from timm.models.convnext import ConvNeXt
from timm.models.davit import DaVit
from timm.models.efficientnet import EfficientNet
from timm.models.eva import Eva
from timm.models.hiera import Hiera
from timm.models.metaformer import MetaFormer
from timm.models.mobilenetv3 import MobileNetV3
from timm.models.nfnet import NormFreeNet
from timm.models.pvt_v2 import PyramidVisionTransformerV2
from timm.models.regnet import RegNet
from timm.models.resnet import ResNet
from timm.models.resnetv2 import ResNetV2
from timm.models.swin_transformer import SwinTransformer
from timm.models.swin_transformer_v2 import SwinTransformerV2
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn
from torch.func import functional_call
from torch.overrides import TorchFunctionMode

from fastreid_mm.modeling.backbones.plain_vit import PlainViT
from fastreid_mm.modeling.backbones.token_stages import TokenNetwork, image_size, split_tokens


@dataclass(frozen=True)
class Layout:
    """Names of a network's children: those of the stem, the stages or one container of them, and what follows."""

    stem: tuple[str, ...]
    stages: tuple[str, ...]
    tail: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All children that make maps; the others are the classifier and what it needs."""
        return self.stem + self.stages + self.tail


LAYOUTS: dict[type[nn.Module], Layout] = {
    ResNet: Layout(("conv1", "bn1", "act1", "maxpool"), ("layer1", "layer2", "layer3", "layer4")),
    ResNetV2: Layout(("stem",), ("stages",), ("norm",)),
    RegNet: Layout(("stem",), ("s1", "s2", "s3", "s4"), ("final_conv",)),
    ByobNet: Layout(("stem",), ("stages",), ("final_conv",)),
    ConvNeXt: Layout(("stem",), ("stages",), ("norm_pre",)),
    NormFreeNet: Layout(("stem",), ("stages",), ("final_conv", "final_act")),
    EfficientNet: Layout(("conv_stem", "bn1"), ("blocks",), ("conv_head", "bn2")),
    MobileNetV3: Layout(("conv_stem", "bn1"), ("blocks",)),
    MetaFormer: Layout(("stem",), ("stages",)),
    SwinTransformer: Layout(("patch_embed",), ("layers",), ("norm",)),
    SwinTransformerV2: Layout(("patch_embed",), ("layers",), ("norm",)),
    PyramidVisionTransformerV2: Layout(("patch_embed",), ("stages",)),
    DaVit: Layout(("stem",), ("stages",), ("norm_pre",)),
    Hiera: Layout(("patch_embed", "unroll"), ("blocks",)),
    VisionTransformer: Layout(("patch_embed", "pos_drop", "patch_drop", "norm_pre"), ("blocks",), ("norm",)),
    Eva: Layout(("patch_embed", "pos_drop", "patch_drop", "rope", "norm_pre"), ("blocks",), ("norm",)),
}
"""The families that can be split. Many names of timm are of these: SE-ResNets and ResNeXts are of its class ResNet."""


def layout_of(network: nn.Module) -> Layout | None:
    """Look up the layout of a network's family; None if it is of another."""
    return next((layout for family, layout in LAYOUTS.items() if isinstance(network, family)), None)


def split(network: nn.Module) -> "OrderedDict[str, nn.Module]":
    """Return the stages by name; one after the other they compute the maps of the network's ``forward_features``.

    The first is ``stem``. The others have timm's names where those are attributes (``layer1``), and are ``stage1``,
    ``stage2`` and so on otherwise. A convolution or norm after the last stage (the "head" of EfficientNets) is part of
    the last stage. Vision transformers and Hiera have theirs in :func:`split_tokens`.

    Args:
        network: of one of the :data:`LAYOUTS`. Its modules are taken, not copied.
    """
    if isinstance(network, TokenNetwork):
        return split_tokens(network)
    layout = cast(Layout, layout_of(network))
    children = dict(network.named_children())
    stages: OrderedDict[str, nn.Module] = OrderedDict(stem=_sequence(children, layout.stem))
    if len(layout.stages) == 1:
        members = cast(nn.Sequential, children[layout.stages[0]])
        stages.update((f"stage{number}", stage) for number, stage in enumerate(members, 1))
    else:
        stages.update((name, children[name]) for name in layout.stages)
    if layout.tail:
        name, last = stages.popitem()
        stages[name] = _sequence({**children, "blocks": last}, ("blocks", *layout.tail))
    return stages


def _sequence(children: dict[str, nn.Module], names: tuple[str, ...]) -> nn.Sequential:
    return nn.Sequential(OrderedDict((name, children[name]) for name in names))


def put_channels_first(network: nn.Module) -> None:
    """Let all stages of a network take and give maps (B, C, h, w), in place; Swin's are (B, h, w, C) in timm."""
    if not isinstance(network, SwinTransformer | SwinTransformerV2):
        return
    stages: list[nn.Module] = [network.patch_embed, *network.layers, network.norm]
    for stage in stages:
        stage.register_forward_hook(_channels_second)
    for stage in stages[1:]:
        stage.register_forward_pre_hook(_channels_at_end)


def _channels_second(_: nn.Module, __: tuple[Tensor], maps: Tensor) -> Tensor:
    return maps.movedim(-1, 1)


def _channels_at_end(_: nn.Module, inputs: tuple[Tensor]) -> Tensor:
    return inputs[0].movedim(1, -1)


def output_shape(module: nn.Module, size: tuple[int, int]) -> tuple[int, ...]:
    """(C, h, w) of the maps, or (P + N, C) of the tokens, that a module makes of images of (height, width).

    Nothing is computed or changed.
    """
    tensors = [*module.named_parameters(), *module.named_buffers()]
    shapes = {name: value.to("meta") for name, value in tensors}
    with _WithoutBatchNorm():
        maps = functional_call(module, shapes, (torch.empty(2, 3, *size, device="meta"),))
    return tuple(maps.shape[1:])


def possible_size(network: nn.Module) -> tuple[int, int]:
    """(height, width) of images that a network can take; the only one, if positions of its patches are learnt."""
    return image_size(network) if isinstance(network, TokenNetwork) else (64, 64)


class _WithoutBatchNorm(TorchFunctionMode):
    """Leaves out batch normalization, which changes no shape: it is most of the time that shapes alone take."""

    def __torch_function__(
        self, function: Callable, types: object, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        return args[0] if function is F.batch_norm else function(*args, **(kwargs or {}))


def remove_last_stride(network: nn.Module) -> bool:
    """Let the last stage that halves its maps keep their size instead. ``output_stride`` of timm would also dilate.

    A convolution of an even kernel, which ConvNeXt halves with, gets a row and a column of zeros at the end; its output
    at even places is what it was.

    Returns:
        Whether the maps have twice the height and width now, or no stage has halved them, as in a vision transformer.
    """
    if isinstance(network, TokenNetwork):
        return isinstance(network, PlainViT)
    whole, size = nn.Sequential(split(network)), (256, 256)
    before = output_shape(whole, size)
    stage = next(stage for stage in reversed(whole) if any(_strided(stage)))
    for parent, name, child in list(_strided(stage)):
        if isinstance(child, nn.AvgPool2d):  # the shortcut of the ResNet-D variants
            setattr(parent, name, nn.Identity())
        else:
            child.stride = (1, 1)
            if child.kernel_size[0] % 2 == 0:
                child.register_forward_pre_hook(_pad_end)
    try:
        return output_shape(whole, size)[1:] == (2 * before[1], 2 * before[2])
    except RuntimeError:  # a branch of a block still has another stride, of a kind not known here
        return False


def _pad_end(_: nn.Module, inputs: tuple[Tensor]) -> Tensor:
    return F.pad(inputs[0], (0, 1, 0, 1))


def _strided(stage: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Conv2d | nn.AvgPool2d]]:
    """Every convolution and pooling with a stride, with its parent and name."""
    for parent in stage.modules():
        for name, child in parent.named_children():
            if isinstance(child, nn.Conv2d | nn.AvgPool2d) and child.stride not in (1, (1, 1)):
                yield parent, name, child
