import pytest
import torch
from timm.models.vision_transformer import Block
from torch import nn

from fastreid_mm.common.errors import InputError
from fastreid_mm.layers import TokenFusion
from fastreid_mm.layers.token_fusion import STACKS, VARIANTS
from fastreid_mm.layers.vit_start import start_from_vit


def vit(depth=2, width=8):
    torch.manual_seed(0)
    blocks = nn.ModuleList(Block(width, num_heads=2, qkv_bias=True) for _ in range(depth))
    for value in blocks.parameters():
        nn.init.normal_(value, std=0.5)
    return blocks, {f"blocks.{name}": value for name, value in blocks.state_dict().items()}


@pytest.mark.parametrize("stack", STACKS)
def test_attention_and_feed_forward_networks_are_those_of_the_blocks(stack):
    (first, second), weights = vit()
    fusion = TokenFusion(8, 2, 2, stack=stack)
    start_from_vit(fusion, weights, "a ViT")
    for layer, block in zip(fusion.layers, (first, second)):
        interaction = getattr(layer, "interaction", layer)
        for qkv, norm in zip(interaction.qkv, interaction.norm):
            assert torch.equal(qkv.weight, block.attn.qkv.weight) and torch.equal(norm.bias, block.norm1.bias)
    norm, *network = fusion.layers[-1].feed_forward  # that of the second block
    tokens = torch.randn(3, 5, 8)
    expected = second.mlp(second.norm2(tokens))
    torch.testing.assert_close(nn.Sequential(norm, *network)(tokens), expected, atol=1e-4, rtol=1e-4)


def test_a_transformer_is_the_vits_blocks():
    blocks, weights = vit()
    fusion = TokenFusion(8, 2, 2, variant="transformer")
    start_from_vit(fusion, weights, "a ViT")
    a, b = torch.randn(2, 3, 5, 8)
    tokens = torch.cat([a, b], 1)
    for block in blocks:
        tokens = block(tokens)
    expected = (tokens[:, :5] + tokens[:, 5:]) / 2
    torch.testing.assert_close(fusion.eval()(a, b), expected, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_fusion_of_table_4_can_be_asked_to_start_from_it(variant):
    _, weights = vit()
    fusion = TokenFusion(8, 2, 2, variant=variant)
    before = {name: value.clone() for name, value in fusion.state_dict().items()}
    start_from_vit(fusion, weights, "a ViT")
    changed = {name for name, value in fusion.state_dict().items() if not torch.equal(value, before[name])}
    assert bool(changed) is (variant not in ("add", "concatenate"))


@pytest.mark.parametrize(
    "fusion, given, message",
    [
        ({}, {"width": 16}, r"a ViT: blocks.0.attn.qkv.weight is \(48, 16\), a layer of 8 channels needs \(24, 8\)"),
        ({}, {"depth": 1}, "a ViT has no blocks.1.attn.qkv.weight"),
        ({"joint_norm": True}, {}, "joint_norm has no norm for each modality .* a ViT"),
    ],
)
def test_what_does_not_fit_is_named(fusion, given, message):
    with pytest.raises(InputError, match=message):
        start_from_vit(TokenFusion(8, 2, 2, **fusion), vit(**given)[1], "a ViT")
