"""Attention and feed-forward networks of the fusion from the blocks of a trained ViT (MutualFormer, section 4.1)."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from fastreid_mm.errors import InputError
from fastreid_mm.layers import MutualFormerLayer, TokenFusion
from mmseg_mm.engine.safe_checkpoint import read_checkpoint

WRAPPERS = ("model", "state_dict")
"""Keys under which a checkpoint may hold its weights: DeiT's, mmengine's."""


def start_from_vit(fusions: Mapping[str, TokenFusion], path: str) -> None:
    """Copy block t of a ViT to layer t of every fusion.

    Both modalities' queries, keys and values start from the block's, and so do their norms, the feed-forward network
    and its norm. Names are timm's and DeiT's. The block's bias of queries, keys and values and its projection have no
    counterpart.

    Args:
        fusions: by name, for the errors.
        path: of the ViT's checkpoint, plain data.

    Raises:
        InputError: the file cannot be read, is of another width or has too few blocks, or a fusion is of a kind that
            has no such layers.
    """
    content = read_checkpoint(path)
    weights = next((content[key] for key in WRAPPERS if key in content), content)
    for name, fusion in fusions.items():
        layers = getattr(fusion.fuse, "layers", None)
        if layers is None:
            raise InputError(
                f"{name} has no layers that could start from {path}: variant 'transformer', 'add' and "
                "'concatenate' and stack 'update_streams' have none"
            )
        for index, layer in enumerate(layers):
            for key, own in _counterparts(layer):
                _copy(weights, f"blocks.{index}.{key}", own, path)


def _counterparts(layer: MutualFormerLayer) -> Iterator[tuple[str, Tensor]]:
    """Names in a block, and the layer's own weights."""
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
def _copy(weights: Mapping[str, Tensor], key: str, own: Tensor, path: str) -> None:
    if key not in weights:
        raise InputError(f"{path} has no {key}")
    if weights[key].shape != own.shape:
        raise InputError(
            f"{path}: {key} is {tuple(weights[key].shape)}, a layer of {own.shape[-1]} channels needs "
            f"{tuple(own.shape)}"
        )
    own.copy_(weights[key])
