"""Self-attention of a single token, where nothing needs what the others become."""

import torch.nn.functional as F
from timm.models.vision_transformer import Attention
from torch import Tensor, nn


def first_attended(attention: nn.Module, tokens: Tensor) -> Tensor:
    """Compute self-attention for the first token, which attends to all.

    Attention other than timm's plain one, with adapters for instance, computes all tokens.

    Args:
        attention: that of a block of timm, without dropout or in evaluation mode.
        tokens: (B, N, D).

    Returns:
        (B, 1, D), ``attention(tokens)[:, :1]`` within rounding.
    """
    if not isinstance(attention, Attention) or not _is_plain(attention):
        return attention(tokens)[:, :1]
    heads, width = attention.num_heads, attention.qkv.out_features // 3
    of_query, of_others = (slice(width), slice(width, None))
    weight, bias = attention.qkv.weight, attention.qkv.bias

    def project(tokens: Tensor, rows: slice) -> Tensor:
        return F.linear(tokens, weight[rows], None if bias is None else bias[rows])

    query = project(tokens[:, :1], of_query).unflatten(-1, (1, heads, -1)).permute(2, 0, 3, 1, 4)[0]
    key, value = project(tokens, of_others).unflatten(-1, (2, heads, -1)).permute(2, 0, 3, 1, 4)
    attended = F.scaled_dot_product_attention(attention.q_norm(query), attention.k_norm(key), value)
    return attention.proj(attended.transpose(1, 2).flatten(2))  # of (B, heads, 1, D / heads)


def _is_plain(attention: Attention) -> bool:
    ungated = getattr(attention, "gate", None) is None  # older versions of timm have neither
    unscaled = isinstance(getattr(attention, "norm", nn.Identity()), nn.Identity)
    return type(attention) is Attention and type(attention.qkv) is nn.Linear and ungated and unscaled
