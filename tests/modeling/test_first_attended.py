"""Self-attention of the first token alone is that of all tokens, where only the first is looked at."""

import pytest
import torch
from timm.models.vision_transformer import Attention
from torch import nn

from fastreid_mm.layers.low_rank import add_adapters
from fastreid_mm.modeling.backbones.first_attended import first_attended


class Doubled(Attention):
    """Attention in a way of its own."""

    def forward(self, tokens):
        return 2 * super().forward(tokens)


@pytest.mark.parametrize(
    "attention, computed",
    [
        (Attention(8, 2), 1),
        (Attention(8, 2, qkv_bias=True), 1),
        (Attention(8, 2, qkv_bias=True, qk_norm=True, norm_layer=nn.LayerNorm), 1),
        (Attention(8, 2, scale_norm=True, norm_layer=nn.LayerNorm), 5),
        (Attention(8, 2, gated=True), 5),
        (Doubled(8, 2), 5),
        (add_adapters(adapted := nn.ModuleDict({"attn": Attention(8, 2)}), 2) or adapted["attn"], 5),
    ],
    ids=["plain", "biases", "norms", "scaled", "gated", "own", "adapters"],
)
def test_it_is_that_of_all_tokens(attention, computed):
    torch.manual_seed(0)
    attention, tokens, rows = attention.double(), torch.randn(3, 5, 8, dtype=torch.float64), []
    for value in attention.parameters():
        nn.init.normal_(value)
    attention.proj.register_forward_hook(lambda _, inputs, __: rows.append(inputs[0].shape[1]))
    torch.testing.assert_close(first_attended(attention, tokens), attention(tokens)[:, :1])
    assert rows == [computed, 5]
