"""The ways to fuse two aligned streams of tokens that MutualFormer's table 4 compares."""

import torch
from torch import Tensor, nn

from fastreid_mm.layers.mutual_former_layer import MutualFormerLayer, MutualInteraction
from fastreid_mm.layers.shapes import require_shapes

VARIANTS = ("add", "concatenate", "transformer", "cross_attention", "cross_diffusion", "mutualformer")
STACKS = ("carry_fused", "renew_fused", "update_streams")


class TokenFusion(nn.Module):
    """Fuses two streams of tokens by one of table 4's schemes.

    "add" and "concatenate" (with a linear map after it) work on each token by itself. "transformer" runs a standard
    encoder over the tokens of both streams together and averages the two it makes of each place. "cross_attention" is
    the paper's CrossFormer, "cross_diffusion" its CrossFormer_CDA, "mutualformer" the full method.

    The paper does not say how layers are stacked. "carry_fused" keeps both streams as they are and hands on the fused
    one, which is all that the released layer returns; "renew_fused" does so too, and every layer adds an "h" of its own
    to what it is handed, eq. 11 taken for each layer; "update_streams" adds to each stream what it gathered, and fuses
    in the last layer alone.

    Args:
        dim: channels of a token.
        num_heads: they divide ``dim``.
        depth: how many layers; without meaning for "add" and "concatenate".
        variant: one of :data:`VARIANTS`.
        stack: one of :data:`STACKS`.
        layer: further arguments of :class:`MutualFormerLayer`.

    Raises:
        ValueError: an unknown variant or stack, or no layer.
    """

    def __init__(self, dim: int, num_heads: int, depth: int = 2, variant: str = "mutualformer",
                 stack: str = "carry_fused", **layer):
        super().__init__()
        for what, value, known in (("variant", variant, VARIANTS), ("stack", stack, STACKS)):
            if value not in known:
                raise ValueError(f"{what} {value!r} is not one of {', '.join(known)}")
        if depth < 1:
            raise ValueError(f"a fusion of {depth} layers fuses nothing")
        self._axes = f"B n {dim}"
        self.fuse = _build(dim, num_heads, depth, variant, stack, layer)

    def forward(self, tokens_a: Tensor, tokens_b: Tensor) -> Tensor:
        """(B, n, dim) tokens of each stream to (B, n, dim) fused tokens.

        Raises:
            ValueError: tokens of other shapes.
        """
        require_shapes(tokens_a=(tokens_a, self._axes), tokens_b=(tokens_b, self._axes))
        return self.fuse(tokens_a, tokens_b)


def _build(dim: int, num_heads: int, depth: int, variant: str, stack: str, layer: dict) -> nn.Module:
    if variant == "add":
        return _Add()
    if variant == "concatenate":
        return _Concatenate(dim)
    if variant == "transformer":
        return _JointTransformer(dim, num_heads, depth)
    if variant != "mutualformer":
        layer = layer | {"self_attention": False, "cross": variant.removeprefix("cross_")}
    stacks = {"carry_fused": _CarryFused, "renew_fused": _RenewFused, "update_streams": _UpdateStreams}
    return stacks[stack](dim, num_heads, depth, layer)


class _Add(nn.Module):
    def forward(self, tokens_a: Tensor, tokens_b: Tensor) -> Tensor:
        return tokens_a + tokens_b


class _Concatenate(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.project = nn.Linear(2 * dim, dim)

    def forward(self, tokens_a: Tensor, tokens_b: Tensor) -> Tensor:
        return self.project(torch.cat([tokens_a, tokens_b], dim=-1))


class _JointTransformer(nn.Module):
    def __init__(self, dim: int, num_heads: int, depth: int):
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(dim, num_heads, 4 * dim, dropout=0.0, activation="gelu", batch_first=True,
                                       norm_first=True) for _ in range(depth))

    def forward(self, tokens_a: Tensor, tokens_b: Tensor) -> Tensor:
        tokens = torch.cat([tokens_a, tokens_b], dim=1)  # (B, 2n, dim)
        for block in self.blocks:
            tokens = block(tokens)
        return torch.stack(tokens.chunk(2, dim=1)).mean(0)


class _CarryFused(nn.Module):
    def __init__(self, dim: int, num_heads: int, depth: int, layer: dict):
        super().__init__()
        self.layers = nn.ModuleList(
            MutualFormerLayer(dim, num_heads, residual=index == 0, **layer) for index in range(depth))

    def forward(self, tokens_a: Tensor, tokens_b: Tensor) -> Tensor:
        fused = None
        for layer in self.layers:
            fused = layer(tokens_a, tokens_b, fused)
        return fused


class _RenewFused(nn.Module):
    def __init__(self, dim: int, num_heads: int, depth: int, layer: dict):
        super().__init__()
        self.layers = nn.ModuleList(MutualFormerLayer(dim, num_heads, **layer) for _ in range(depth))

    def forward(self, tokens_a: Tensor, tokens_b: Tensor) -> Tensor:
        both, fused = torch.cat([tokens_a, tokens_b], dim=-1), 0
        for layer in self.layers:
            fused = layer(tokens_a, tokens_b, fused + layer.residual(both))
        return fused


class _UpdateStreams(nn.Module):
    def __init__(self, dim: int, num_heads: int, depth: int, layer: dict):
        super().__init__()
        self.last = MutualFormerLayer(dim, num_heads, **layer)
        interaction = {key: value for key, value in layer.items() if key != "fused_self_attention"}
        self.interactions = nn.ModuleList(MutualInteraction(dim, num_heads, **interaction) for _ in range(depth - 1))

    def forward(self, tokens_a: Tensor, tokens_b: Tensor) -> Tensor:
        for interaction in self.interactions:
            gathered_a, gathered_b = interaction(tokens_a, tokens_b)
            tokens_a, tokens_b = tokens_a + gathered_a, tokens_b + gathered_b
        return self.last(tokens_a, tokens_b)
