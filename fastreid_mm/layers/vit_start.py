"""The start of MutualFormer's fusion from the blocks of a trained ViT.

Wang et al., "MutualFormer: Multi-Modality Representation Learning via Cross-Diffusion Attention", section 5.1,
https://arxiv.org/abs/2112.01177
"""

from collections.abc import Iterator, Mapping
from typing import cast

import torch
from torch import Tensor, nn

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.weights import fits
from fastreid_mm.layers.mutual_former_layer import MutualFormerLayer, MutualInteraction
from fastreid_mm.layers.token_fusion import TokenFusion

VIT_NAMES = tuple(f"blocks.{index}.{name}" for index in range(12) for name in ("attn.qkv.weight", "norm1.weight"))
"""Names of a ViT's, by which its weights are found under any key and behind any prefix."""


def start_from_vit(fusion: TokenFusion, weights: Mapping[str, Tensor], source: str) -> None:
    """Copy block t of a ViT to layer t of a fusion.

    The projections to queries, keys and values of both modalities, their norms, the feed-forward network and its norm
    are copied; of a "transformer" whole blocks. The names are those of timm and DeiT. The block's bias of queries, keys
    and values and its output projection have no counterpart in MutualFormer's layer. A fusion without layers, "add" or
    "concatenate", is left as it is.

    Args:
        fusion: the fusion.
        weights: tensors of the ViT by name, as ``blocks.0.attn.qkv.weight``.
        source: what the ViT is called in errors.

    Raises:
        InputError: the ViT has another number of channels or too few blocks, or the fusion one norm for both
            modalities.
    """
    for index, layer in enumerate(fusion.layers):
        if getattr(getattr(layer, "interaction", layer), "joint_norm", False):
            raise InputError(f"a fusion with joint_norm has no norm for each modality that could start from {source}")
        for key, parameter in _counterparts(layer):
            _copy(weights, f"blocks.{index}.{key}", parameter, source)


def _counterparts(layer: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """The weights of a layer with the names of their counterparts in a block."""
    if isinstance(layer, nn.TransformerEncoderLayer):
        yield "attn.qkv.weight", layer.self_attn.in_proj_weight
        yield "attn.qkv.bias", layer.self_attn.in_proj_bias
        yield from _of("attn.proj", layer.self_attn.out_proj)
        yield from _of("norm1", layer.norm1)
        yield from (*_of("norm2", layer.norm2), *_of("mlp.fc1", layer.linear1), *_of("mlp.fc2", layer.linear2))
        return
    interaction = cast(MutualInteraction, layer.interaction if isinstance(layer, MutualFormerLayer) else layer)
    for qkv, norm in zip(interaction.qkv, interaction.norm):
        yield "attn.qkv.weight", qkv.get_parameter("weight")
        yield from _of("norm1", norm)
    if isinstance(layer, MutualFormerLayer):
        norm, first, _, second = layer.feed_forward
        yield from (*_of("norm2", norm), *_of("mlp.fc1", first), *_of("mlp.fc2", second))


def _of(name: str, module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    return ((f"{name}.{kind}", module.get_parameter(kind)) for kind in ("weight", "bias"))


@torch.no_grad()
def _copy(weights: Mapping[str, Tensor], key: str, parameter: Tensor, source: str) -> None:
    if key not in weights:
        raise InputError(f"{source} has no {key}")
    if not fits(parameter, weights[key]):
        raise InputError(
            f"{source}: {key} is {tuple(weights[key].shape)}, a layer of {parameter.shape[-1]} channels needs "
            f"{tuple(parameter.shape)}"
        )
    parameter.copy_(weights[key])
