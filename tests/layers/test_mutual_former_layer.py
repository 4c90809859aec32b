import pytest
import torch

from fastreid_mm.layers import MutualFormerLayer, MutualInteraction, TokenFusion, cross_attention, cross_diffusion
from fastreid_mm.layers.token_fusion import STACKS, VARIANTS


@pytest.fixture
def streams():
    torch.manual_seed(0)
    return torch.randn(2, 2, 6, 8).unbind(0)


def heads(tokens, linear, number):
    """(B, n, d) tokens to query, key and value, each (B, h, n, c), head by head."""
    projected = linear(tokens).split(tokens.shape[-1], -1)
    return [torch.stack(each.split(tokens.shape[-1] // number, -1), 1) for each in projected]


@pytest.mark.parametrize("cross", ["diffusion", "attention"])
@pytest.mark.parametrize("self_attention", [True, False])
def test_interaction_follows_the_equations(streams, cross, self_attention):
    module = MutualInteraction(8, 2, epsilon=0.3, self_attention=self_attention, cross=cross)
    (qa, ka, va), (qb, kb, vb) = (heads(norm(x), qkv, 2) for norm, x, qkv in zip(module.norm, streams, module.qkv))
    sa, sb = (qa @ ka.mT / 2).softmax(-1), (qb @ kb.mT / 2).softmax(-1)  # root of 4 channels a head
    crossed = cross_diffusion(sa, sb, va, vb, 0.3) if cross == "diffusion" else cross_attention(qa, ka, va, qb, kb, vb)
    for gathered, merge, own, other in zip(module(*streams), module.merge, (sa @ va, sb @ vb), crossed):
        parts = [own, other] if self_attention else [other]
        flat = torch.cat([torch.cat(part.unbind(1), -1) for part in parts], -1)
        torch.testing.assert_close(gathered, merge(flat))


def test_layer_follows_the_equations(streams):
    layer = MutualFormerLayer(8, 2)
    gathered = torch.cat(layer.interaction(*streams), -1)
    fused = layer.fuse(gathered) + layer.residual(torch.cat(streams, -1))  # raw tokens, not normalised ones
    norm, first, act, second = layer.feed_forward
    torch.testing.assert_close(layer(*streams), second(act(first(norm(fused)))) + fused)
    given = torch.randn(2, 6, 8)
    fused = layer.fuse(gathered) + given
    torch.testing.assert_close(layer(*streams, given), layer.feed_forward(fused) + fused)


def test_released_options(streams):
    joint = MutualInteraction(8, 2, joint_norm=True)
    assert joint.norm[0].normalized_shape == (16,) and len(joint.norm) == 1
    plain, extra = MutualFormerLayer(8, 2), MutualFormerLayer(8, 2, fused_self_attention=True)
    extra.load_state_dict(plain.state_dict(), strict=False)
    assert not torch.allclose(plain(*streams), extra(*streams))


def test_the_released_attention_of_the_fused_stream_has_a_bias_in_its_last_linear_map_only(streams):
    layer, fused = MutualFormerLayer(8, 2, fused_self_attention=True), torch.randn(2, 6, 8)
    own = layer.self_attention
    assert own.qkv.bias is None and own.project.bias is not None
    query, key, value = heads(own.norm(fused), own.qkv, 2)
    seen = (query @ key.mT / 2).softmax(-1) @ value
    update = layer.fuse(torch.cat(layer.interaction(*streams), -1)) + own.project(torch.cat(seen.unbind(1), -1))
    expected = fused + update
    torch.testing.assert_close(layer(*streams, fused), layer.feed_forward(expected) + expected)


def test_without_anything_to_start_from_a_layer_refuses(streams):
    with pytest.raises(ValueError, match="residual=False"):
        MutualFormerLayer(8, 2, residual=False)(*streams)
    with pytest.raises(ValueError, match="3 heads .* 8"):
        MutualInteraction(8, 3)
    with pytest.raises(ValueError, match="'sum'"):
        MutualInteraction(8, 2, cross="sum")


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("stack", STACKS)
def test_every_parameter_of_every_fusion_gets_a_gradient(streams, variant, stack):
    fusion = TokenFusion(8, 2, depth=3, variant=variant, stack=stack)
    streams = [each.clone().requires_grad_() for each in streams]
    fused = fusion(*streams)
    assert fused.shape == (2, 6, 8)
    fused.square().sum().backward()
    missing = [name for name, value in fusion.named_parameters() if value.grad is None or not value.grad.any()]
    assert not missing and all(each.grad.abs().sum() > 0 for each in streams)


def test_places_only_mix_where_there_is_attention(streams):
    a, b = streams
    moved = a.clone()
    moved[:, 0] = torch.randn(8)
    for variant in VARIANTS:
        fusion = TokenFusion(8, 2, variant=variant)
        changed = (fusion(moved, b) - fusion(a, b)).abs().amax((0, 2)) > 1e-6  # (n,)
        assert changed[0] and changed[1:].any() == (variant not in ("add", "concatenate"))


def test_unknown_fusions_are_named():
    for arguments in ({"variant": "mean"}, {"stack": "tower"}):
        with pytest.raises(ValueError, match=next(iter(arguments.values()))):
            TokenFusion(8, 2, **arguments)
    with pytest.raises(ValueError, match="0 layers"):
        TokenFusion(8, 2, depth=0)
