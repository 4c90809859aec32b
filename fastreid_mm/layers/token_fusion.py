"""Schemes to fuse two aligned streams of tokens, which MutualFormer's table 4 compares.

Wang et al., "MutualFormer: Multi-Modality Representation Learning via Cross-Diffusion Attention", table 4,
https://arxiv.org/abs/2112.01177
"""

from typing import cast

import torch
from torch import Tensor, nn

from fastreid_mm.common.errors import require_choice
from fastreid_mm.layers.mutual_former_layer import MutualFormerLayer, MutualInteraction
from fastreid_mm.layers.shapes import require_shapes

VARIANTS = ("add", "concatenate", "transformer", "cross_attention", "cross_diffusion", "mutualformer")
STACKS = ("carry_fused", "renew_fused", "update_streams")


class TokenFusion(nn.Module):
    """Fusion of two streams of tokens by one of the schemes of table 4.

    "add" is ``X_a + X_b`` and "concatenate" is ``g(X_a | X_b)`` with a linear map g. "transformer" is a standard
    encoder over the tokens of both streams together, whose two tokens of each place are averaged. "cross_attention" is
    the paper's CrossFormer, "cross_diffusion" its CrossFormer_CDA, and "mutualformer" the full method (eq. 1-12).

    The paper does not say how layers are stacked. "carry_fused" keeps both streams as they are and hands on the fused
    one, which is all that the released layer returns; "renew_fused" does so too, and every layer adds an "h" of its own
    to what it is handed, eq. 11 taken for each layer; "update_streams" adds to each stream what its interaction gives,
    and fuses in the last layer alone.

    Args:
        dim: channels of a token.
        num_heads: how many attention heads; they divide ``dim``.
        depth: how many layers; without effect on "add" and "concatenate".
        variant: one of :data:`VARIANTS`.
        stack: one of :data:`STACKS`.
        layer: further arguments of :class:`MutualFormerLayer`.

    Raises:
        ValueError: the variant or the stack is unknown, or there is no layer.

    Examples:
        >>> fusion = TokenFusion(64, num_heads=8, depth=2)
        >>> fusion(torch.rand(2, 100, 64), torch.rand(2, 100, 64)).shape
        torch.Size([2, 100, 64])
    """

    def __init__(
        self,
        dim: int,
        num_heads: int,
        depth: int = 2,
        variant: str = "mutualformer",
        stack: str = "carry_fused",
        **layer,
    ) -> None:
        super().__init__()
        require_choice("variant", variant, VARIANTS)
        require_choice("stack", stack, STACKS)
        if depth < 1:
            raise ValueError(f"a fusion of {depth} layers fuses nothing")
        self._axes = f"B n {dim}"
        self.fuse = _build(dim, num_heads, depth, variant, stack, layer)

    def forward(self, tokens_a: Tensor, tokens_b: Tensor) -> Tensor:
        """Fuse two streams of (B, n, dim) tokens into (B, n, dim).

        Raises:
            ValueError: the shapes do not go together.
        """
        require_shapes(tokens_a=(tokens_a, self._axes), tokens_b=(tokens_b, self._axes))
        return self.fuse(tokens_a, tokens_b)

    @property
    def layers(self) -> list[nn.Module]:
        """The layers that attend, in their order; "add" and "concatenate" have none."""
        if isinstance(self.fuse, _UpdateStreams):
            return [*self.fuse.interactions, self.fuse.last]
        return list(self.fuse.blocks if isinstance(self.fuse, _JointTransformer) else getattr(self.fuse, "layers", ()))


def _build(dim: int, num_heads: int, depth: int, variant: str, stack: str, layer: dict) -> nn.Module:
    if variant == "add":
        return _Add()
    if variant == "concatenate":
        return _Concatenate(dim)
    if variant == "transformer":
        return _JointTransformer(dim, num_heads, depth)
    if variant != "mutualformer":
        layer = layer | {"self_attention": False, "cross": variant.removeprefix("cross_")}
    if stack == "update_streams":
        return _UpdateStreams(dim, num_heads, depth, layer)
    return _HandOnFused(dim, num_heads, depth, layer, renewed=stack == "renew_fused")


class _Add(nn.Module):
    def forward(self, tokens_a: Tensor, tokens_b: Tensor) -> Tensor:
        return tokens_a + tokens_b


class _Concatenate(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.project = nn.Linear(2 * dim, dim)

    def forward(self, tokens_a: Tensor, tokens_b: Tensor) -> Tensor:
        return self.project(torch.cat([tokens_a, tokens_b], dim=-1))


class _JointTransformer(nn.Module):
    def __init__(self, dim: int, num_heads: int, depth: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(
                dim, num_heads, 4 * dim, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
            )
            for _ in range(depth)
        )

    def forward(self, tokens_a: Tensor, tokens_b: Tensor) -> Tensor:
        tokens = torch.cat([tokens_a, tokens_b], dim=1)  # (B, 2n, dim)
        for block in self.blocks:
            tokens = block(tokens)
        return torch.stack(tokens.chunk(2, dim=1)).mean(0)


class _HandOnFused(nn.Module):
    """Layers that hand on the fused stream, to which every one may add an "h" of its own."""

    def __init__(self, dim: int, num_heads: int, depth: int, layer: dict, renewed: bool) -> None:
        super().__init__()
        self.renewed = renewed
        self.layers = nn.ModuleList(
            MutualFormerLayer(dim, num_heads, residual=renewed or index == 0, **layer) for index in range(depth)
        )

    def forward(self, tokens_a: Tensor, tokens_b: Tensor) -> Tensor:
        fused: Tensor | None = None
        for layer in self.layers:
            if self.renewed and fused is not None:
                fused = fused + cast(nn.Linear, layer.residual)(torch.cat([tokens_a, tokens_b], dim=-1))
            fused = layer(tokens_a, tokens_b, fused)
        return cast(Tensor, fused)


class _UpdateStreams(nn.Module):
    def __init__(self, dim: int, num_heads: int, depth: int, layer: dict) -> None:
        super().__init__()
        self.last = MutualFormerLayer(dim, num_heads, **layer)
        interaction = {key: value for key, value in layer.items() if key != "fused_self_attention"}
        self.interactions = nn.ModuleList(MutualInteraction(dim, num_heads, **interaction) for _ in range(depth - 1))

    def forward(self, tokens_a: Tensor, tokens_b: Tensor) -> Tensor:
        for interaction in self.interactions:
            gathered_a, gathered_b = interaction(tokens_a, tokens_b)
            tokens_a, tokens_b = tokens_a + gathered_a, tokens_b + gathered_b
        return self.last(tokens_a, tokens_b)
