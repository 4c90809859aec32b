"""The stages of transformers that pass on tokens: patches and positions, then groups of blocks."""

from collections import OrderedDict
from collections.abc import Iterable
from copy import copy, deepcopy
from itertools import pairwise
from typing import Any, NamedTuple, cast

import torch
from timm.models.eva import Eva
from timm.models.hiera import Hiera
from torch import Tensor, nn

from fastreid_mm.modeling.backbones.plain_vit import PlainViT, rotations

TokenNetwork = PlainViT | Hiera
"""The classes of timm that pass on tokens (B, P + N, D) from block to block."""
STAGES = 4
"""Groups of blocks of a plain ViT, which has no stages of its own; a ResNet has as many."""


class TokenGrid(NamedTuple):
    """Places of the tokens of an image: P that are no patch (class token, registers), then the patches row by row."""

    prefix: int
    rows: int
    columns: int

    def maps(self, tokens: Tensor) -> Tensor:
        """(B, P + rows * columns, D) tokens to (B, D, rows, columns) maps of the patches alone."""
        return tokens[:, self.prefix :].transpose(1, 2).unflatten(2, (self.rows, self.columns))

    def tokens(self, prefix: Tensor, maps: Tensor) -> Tensor:
        """(B, P, D) other tokens and (B, D, rows, columns) maps to (B, P + rows * columns, D) tokens."""
        return torch.cat([prefix, maps.flatten(2).transpose(1, 2)], dim=1)


def last_grid(network: nn.Module) -> TokenGrid | None:
    """Return the grid of a network's last tokens; None if its ``forward_features`` makes maps."""
    if isinstance(network, Hiera):  # it has consumed its strides, so that the places are row by row again
        pooled = [2**network.q_pool * stride for stride in network.patch_stride]
        return TokenGrid(0, *(side // step for side, step in zip(image_size(network), pooled)))
    if isinstance(network, PlainViT):
        return TokenGrid(network.num_prefix_tokens, *cast(tuple[int, int], network.patch_embed.grid_size))
    return None


def image_size(network: TokenNetwork) -> tuple[int, int]:
    """(height, width) of the images that a network was created for."""
    if isinstance(network, Hiera):
        rows, columns = (count * step for count, step in zip(network.tokens_spatial_shape, network.patch_stride))
        return rows, columns
    return cast(tuple[int, int], network.patch_embed.img_size)


def split_tokens(network: TokenNetwork) -> "OrderedDict[str, nn.Module]":
    """Return ``stem`` and ``stage1``, ``stage2`` and so on, which pass on tokens; the last one makes maps.

    The stages of Hiera are its own, those of a plain ViT are :data:`STAGES` groups of blocks of one size, as far as its
    blocks can be divided. A norm after the last block is part of the last stage.

    Args:
        network: its modules are taken, not copied, but for rotary positions.
    """
    blocks = list(cast(Iterable[nn.Module], network.blocks))
    if isinstance(network, Hiera):
        ends = [0, *(end + 1 for end in network.stage_ends)]
    else:
        count = min(STAGES, len(blocks))
        ends = [round(len(blocks) * stage / count) for stage in range(count + 1)]
    stages: OrderedDict[str, nn.Module] = OrderedDict(stem=_Embedding(network))
    for number, (start, end) in enumerate(pairwise(ends), 1):
        if isinstance(network, Eva) and network.rope is not None:
            stages[f"stage{number}"] = _RotaryBlocks(network, start, end)
        else:
            stages[f"stage{number}"] = nn.Sequential(*blocks[start:end])
    name, last = stages.popitem()
    tail = {"blocks": last, "norm": getattr(network, "norm", nn.Identity()), "maps": _Maps(network)}
    stages[name] = nn.Sequential(OrderedDict(tail))
    return stages


class _Embedding(nn.Module):
    """A network up to its first block: its own forward pass, without the blocks and what follows."""

    def __init__(self, network: TokenNetwork) -> None:
        super().__init__()
        self.network = copy(network)
        self.network._parameters = dict(network._parameters)
        self.network._modules = {**network._modules, "blocks": nn.Sequential(), "norm": nn.Identity(), "rope": None}

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) images to (B, P + N, D) tokens with positions."""
        return cast(Any, self.network).forward_features(images)


class _RotaryBlocks(nn.Module):
    """Consecutive blocks, each of which is told its rotary positions."""

    def __init__(self, network: Eva, start: int, end: int) -> None:
        super().__init__()
        self.of_each: bool = network.rope_mixed
        self.blocks = cast(nn.ModuleList, network.blocks)[start:end]
        rope: Any = deepcopy(network.rope)
        if self.of_each:  # one parameter has the frequencies of all blocks
            rope.freqs = nn.Parameter(rope.freqs.detach()[:, start:end].clone())
        self.rope = rope

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, P + N, D) tokens to (B, P + N, D)."""
        positions_of_each = rotations(self.rope, len(self.blocks), self.of_each)
        for block, positions in zip(self.blocks, positions_of_each, strict=True):
            tokens = block(tokens, **positions)
        return tokens


class _Maps(nn.Module):
    def __init__(self, network: TokenNetwork) -> None:
        super().__init__()
        self.grid = cast(TokenGrid, last_grid(network))

    def forward(self, tokens: Tensor) -> Tensor:
        return self.grid.maps(tokens)
