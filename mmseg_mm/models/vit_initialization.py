"""The initialization of the fusion from the blocks of a trained ViT (MutualFormer, section 4.1)."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from fastreid_mm.common.checkpoint_match import fits
from fastreid_mm.common.errors import InputError
from fastreid_mm.common.find_weights import find_weights
from fastreid_mm.layers import MutualFormerLayer, TokenFusion
from mmseg_mm.engine.safe_checkpoint import read_checkpoint

NAMES = tuple(f"blocks.{index}.{name}" for index in range(12) for name in ("attn.qkv.weight", "norm1.weight"))
"""Names of a ViT's, by which its weights are found under any key and behind any prefix."""


def start_from_vit(fusions: Mapping[str, TokenFusion], path: str) -> None:
    """Copy block t of a ViT to layer t of every fusion.

    The projections to queries, keys and values of both modalities, their norms, the feed-forward network and its norm
    are copied. The names are those of timm and DeiT. The block's bias of queries, keys and values and its output
    projection have no counterpart.

    Args:
        fusions: The fusions by their names in errors.
        path: The path of the ViT's checkpoint, which must be plain data.

    Raises:
        InputError: The file cannot be read, has another number of channels or too few blocks, or a fusion has no such
            layers.
    """
    content = read_checkpoint(path, advice="a file of the ViT's weights alone can be read")
    weights = find_weights(content, path, NAMES).state
    for name, fusion in fusions.items():
        layers = getattr(fusion.fuse, "layers", None)
        if layers is None:
            raise InputError(
                f"{name} has no layers that could start from {path}: variant 'transformer', 'add' and "
                "'concatenate' and stack 'update_streams' have none"
            )
        for index, layer in enumerate(layers):
            for key, parameter in _counterparts(layer):
                _copy(weights, f"blocks.{index}.{key}", parameter, path)


def _counterparts(layer: MutualFormerLayer) -> Iterator[tuple[str, Tensor]]:
    """Yield the weights of a layer with the names of their counterparts in a block."""
    if len(layer.interaction.norm) != 2:
        raise InputError("fusion.joint_norm=True has no norm for each modality that could start from a ViT's")
    for qkv, norm in zip(layer.interaction.qkv, layer.interaction.norm):
        yield "attn.qkv.weight", qkv.get_parameter("weight")
        yield "norm1.weight", norm.get_parameter("weight")
        yield "norm1.bias", norm.get_parameter("bias")
    norm, first, _, second = layer.feed_forward
    for key, module in (("norm2", norm), ("mlp.fc1", first), ("mlp.fc2", second)):
        yield f"{key}.weight", module.get_parameter("weight")
        yield f"{key}.bias", module.get_parameter("bias")


@torch.no_grad()
def _copy(weights: Mapping[str, Tensor], key: str, parameter: Tensor, path: str) -> None:
    if key not in weights:
        raise InputError(f"{path} has no {key}")
    if not fits(parameter, weights[key]):
        raise InputError(
            f"{path}: {key} is {tuple(weights[key].shape)}, a layer of {parameter.shape[-1]} channels needs "
            f"{tuple(parameter.shape)}"
        )
    parameter.copy_(weights[key])
