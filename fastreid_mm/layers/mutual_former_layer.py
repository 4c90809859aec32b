"""The MutualFormer layer: two streams of tokens attend to themselves and to each other, and are fused.

Wang et al., "MutualFormer: Multi-Modality Representation Learning via Cross-Diffusion Attention", eq. 1-12,
https://arxiv.org/abs/2112.01177
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fastreid_mm.common.errors import require_choice
from fastreid_mm.layers.choices import READINGS
from fastreid_mm.layers.cross_attention import cross_attention
from fastreid_mm.layers.cross_diffusion import cross_diffusion
from fastreid_mm.layers.shapes import require_shapes

CROSS = ("diffusion", "attention")


class MutualInteraction(nn.Module):
    """Attention of each stream to itself and to the other.

        U_m = softmax(Q_m K_m^T / sqrt(c)) V_m (eq. 1 and 2),
        H_a = f_a(U_a | u_ab) (eq. 9),    H_b = f_b(U_b | u_ba) (eq. 10)

    with ``u_ab`` and ``u_ba`` from :func:`cross_diffusion` (eq. 5-8) or :func:`cross_attention` (eq. 3 and 4), linear
    maps f, and "|" for concatenation.

    Args:
        dim: channels of a token.
        num_heads: how many attention heads; they divide ``dim``.
        epsilon: epsilon of :func:`cross_diffusion`.
        self_attention: whether a stream attends to itself, too; the CrossFormers of table 4 do not.
        cross: how the streams attend to each other, by "diffusion" or by plain "attention".
        reading: reading of :func:`cross_diffusion`.
        joint_norm: one LayerNorm over the channels of both streams together, as in the released code, instead of the
            two of figure 2.

    Raises:
        ValueError: ``num_heads`` does not divide ``dim``, or ``cross`` or ``reading`` is unknown.

    Examples:
        >>> interaction = MutualInteraction(64, num_heads=8)
        >>> interaction(torch.rand(2, 100, 64), torch.rand(2, 100, 64))[0].shape
        torch.Size([2, 100, 64])
    """

    def __init__(
        self,
        dim: int,
        num_heads: int,
        epsilon: float = 0.6,
        self_attention: bool = True,
        cross: str = "diffusion",
        reading: str = "paper",
        joint_norm: bool = False,
    ) -> None:
        super().__init__()
        if dim % num_heads:
            raise ValueError(f"{num_heads} heads do not divide {dim} channels")
        require_choice("cross", cross, CROSS)
        require_choice("reading", reading, READINGS)
        self.num_heads, self.epsilon, self.cross, self.reading = num_heads, epsilon, cross, reading
        self.self_attention, self.joint_norm = self_attention, joint_norm
        self.norm = nn.ModuleList([nn.LayerNorm(2 * dim)] if joint_norm else [nn.LayerNorm(dim), nn.LayerNorm(dim)])
        self.qkv = nn.ModuleList(nn.Linear(dim, 3 * dim, bias=False) for _ in range(2))
        self.merge = nn.ModuleList(nn.Linear((1 + self_attention) * dim, dim) for _ in range(2))  # eq. 9-10

    def forward(self, tokens_a: Tensor, tokens_b: Tensor) -> tuple[Tensor, Tensor]:
        """Let two streams of (B, n, dim) tokens attend to each other, and return H_a and H_b, (B, n, dim) each.

        Raises:
            ValueError: the shapes do not go together.
        """
        axes = f"B n {self.qkv[0].in_features}"
        require_shapes(tokens_a=(tokens_a, axes), tokens_b=(tokens_b, axes))
        normed = self._normalize(tokens_a, tokens_b)
        (query_a, key_a, value_a), (query_b, key_b, value_b) = (
            _heads(qkv(tokens), self.num_heads) for qkv, tokens in zip(self.qkv, normed)
        )
        attended_to_itself: list[list[Tensor]] = [[], []]
        if self.self_attention or self.cross == "diffusion":
            affinity_a, affinity_b = self._affinity(query_a, key_a), self._affinity(query_b, key_b)
        if self.self_attention:
            attended_to_itself = [[affinity_a @ value_a], [affinity_b @ value_b]]
        if self.cross == "diffusion":
            crossed = cross_diffusion(affinity_a, affinity_b, value_a, value_b, self.epsilon, self.reading)
        else:
            crossed = cross_attention(query_a, key_a, value_a, query_b, key_b, value_b)
        return tuple(
            merge(torch.cat([_tokens(heads) for heads in [*attended, other]], dim=-1))
            for merge, attended, other in zip(self.merge, attended_to_itself, crossed)
        )

    def _normalize(self, tokens_a: Tensor, tokens_b: Tensor) -> tuple[Tensor, ...]:
        if self.joint_norm:
            return self.norm[0](torch.cat([tokens_a, tokens_b], dim=-1)).chunk(2, dim=-1)
        return self.norm[0](tokens_a), self.norm[1](tokens_b)

    def _affinity(self, query: Tensor, key: Tensor) -> Tensor:
        """Return the (B, h, n, n) affinities of (B, h, n, c) queries and keys (eq. 1); fused attention gives none."""
        return (query @ key.mT * query.shape[-1] ** -0.5).softmax(-1)


def _heads(qkv: Tensor, number: int) -> Tensor:
    """Split (B, n, 3 * dim) into queries, keys and values of the heads, (3, B, h, n, c)."""
    return qkv.unflatten(-1, (3, number, -1)).permute(2, 0, 3, 1, 4)


def _tokens(heads: Tensor) -> Tensor:
    """Join (B, h, n, c) heads to (B, n, h * c) tokens."""
    return heads.transpose(1, 2).flatten(2)


class MutualFormerLayer(nn.Module):
    """One layer of MutualFormer: interaction, fusion and feed-forward network.

        H = g(H_a | H_b) + h(X_a | X_b) (eq. 11),    P = FFN(LN(H)) + H (eq. 12)

    with the tokens X of the streams, :class:`MutualInteraction` for H_a and H_b, and linear maps g and h. Where a fused
    stream of an earlier layer is given, it takes the place of ``h(X_a | X_b)``.

    Args:
        dim, num_heads, epsilon: see :class:`MutualInteraction`.
        residual: whether the layer has h; layers that are always given a fused stream need none.
        fused_self_attention: whether the fused stream attends to itself, as in the released code but not in the paper.
        interaction: further arguments of :class:`MutualInteraction`.

    Examples:
        >>> layer = MutualFormerLayer(64, num_heads=8)
        >>> layer(torch.rand(2, 100, 64), torch.rand(2, 100, 64)).shape
        torch.Size([2, 100, 64])
    """

    def __init__(
        self,
        dim: int,
        num_heads: int,
        epsilon: float = 0.6,
        residual: bool = True,
        fused_self_attention: bool = False,
        **interaction,
    ) -> None:
        super().__init__()
        self.interaction = MutualInteraction(dim, num_heads, epsilon, **interaction)
        self.fuse = nn.Linear(2 * dim, dim)  # g
        self.residual = nn.Linear(2 * dim, dim) if residual else None  # h
        self.self_attention = _SelfAttention(dim, num_heads) if fused_self_attention else None
        self.feed_forward = nn.Sequential(  # eq. 12
            nn.LayerNorm(dim), nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim)
        )

    def forward(self, tokens_a: Tensor, tokens_b: Tensor, fused: Tensor | None = None) -> Tensor:
        """Fuse two streams of (B, n, dim) tokens, and perhaps an earlier fused stream, into (B, n, dim) tokens.

        Raises:
            ValueError: neither a fused stream nor h to make one, or the shapes do not go together.
        """
        streams = {"tokens_a": tokens_a, "tokens_b": tokens_b} | ({} if fused is None else {"fused": fused})
        require_shapes(**{name: (tokens, f"B n {self.fuse.out_features}") for name, tokens in streams.items()})
        if fused is None:
            if self.residual is None:
                raise ValueError("a layer made with residual=False needs fused tokens")
            fused = self.residual(torch.cat([tokens_a, tokens_b], dim=-1))
        update = self.fuse(torch.cat(self.interaction(tokens_a, tokens_b), dim=-1))
        if self.self_attention is not None:
            update = update + self.self_attention(fused)
        fused = fused + update
        return fused + self.feed_forward(fused)


class _SelfAttention(nn.Module):
    """Attention of the fused stream to itself, after a norm; as released, only its last linear map has a bias."""

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.norm = nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.project = nn.Linear(dim, dim)

    def forward(self, tokens: Tensor) -> Tensor:
        query, key, value = _heads(self.qkv(self.norm(tokens)), self.num_heads)
        return self.project(_tokens(F.scaled_dot_product_attention(query, key, value)))
