import pytest
import torch

from fastreid_mm.layers import ModalityCompensation, ModulationGenerator


def layer_norm(x):
    return (x - x.mean(-1, keepdim=True)) / (x.var(-1, unbiased=False, keepdim=True) + 1e-5).sqrt()


def attention(module, query, memory):
    """Multi-head attention written out, one head at a time."""
    dim, heads = module.embed_dim, module.num_heads
    size = dim // heads
    weights, biases = module.in_proj_weight.split(dim), module.in_proj_bias.split(dim)
    q, k, v = (x @ w.T + b for x, w, b in zip((query, memory, memory), weights, biases))
    mixed = [
        ((q[:, s] @ k[:, s].T) / size**0.5).softmax(-1) @ v[:, s]
        for s in (slice(h * size, (h + 1) * size) for h in range(heads))
    ]
    return torch.cat(mixed, 1) @ module.out_proj.weight.T + module.out_proj.bias


def feed_forward(layer, x):
    return (x @ layer.linear1.weight.T + layer.linear1.bias).relu() @ layer.linear2.weight.T + layer.linear2.bias


@pytest.mark.parametrize("decoder", ["attention", "block"])
def test_equals_the_layers_written_out(decoder):
    torch.manual_seed(0)
    module = ModalityCompensation(dim=16, parts=3, num_heads=4, decoder=decoder).eval()
    parts, modalities = torch.randn(4, 3, 16), torch.tensor([0, 1, 1, 0])
    with torch.no_grad():
        encoded, compensated = module(parts, modalities)
        for image in range(4):
            x = parts[image]
            x = layer_norm(x + attention(module.encoder.self_attn, x, x))
            memory = layer_norm(x + feed_forward(module.encoder, x))
            torch.testing.assert_close(encoded[image], memory, atol=1e-5, rtol=1e-4)
            y = module.prototypes[1 - modalities[image]]  # those of the modality the image lacks
            y = layer_norm(y + attention(module.decoder.self_attn, y, y))
            summed = attention(module.decoder.multihead_attn, y, memory)  # eq. 4
            if decoder == "block":
                y = layer_norm(y + summed)
                y = layer_norm(y + feed_forward(module.decoder, y))
            else:
                y = summed
            torch.testing.assert_close(compensated[image], y, atol=1e-5, rtol=1e-4)


def test_sizes_and_starting_values():
    torch.manual_seed(0)
    module = ModalityCompensation(dim=64, parts=6, decoder="block")
    assert module.prototypes.shape == (2, 6, 64) and 0.015 < module.prototypes.std() < 0.025
    assert module.encoder.linear1.out_features == module.decoder.linear1.out_features == 256
    assert module.encoder.self_attn.num_heads == 8 and module.encoder.dropout.p == module.decoder.dropout.p == 0.1


def features_like(parts, dim, images=64):
    """Part features as BatchNorm and ReLU give them, a mean square of one half; half of the images of each modality."""
    return torch.randn(images, parts, dim).relu(), torch.arange(2).repeat_interleave(images // 2)


@pytest.mark.parametrize("start, ratio", [(1.0, 2**0.5), (0.1, 0.1 * 2**0.5)])
def test_what_a_block_makes_starts_at_the_size_of_a_transformers_output_or_at_a_part_of_it(start, ratio):
    torch.manual_seed(0)
    parts, modalities = features_like(6, 256)
    module = ModalityCompensation(256, 6, decoder="block", **({} if start == 1 else {"start": start})).eval()
    _, compensated = module(parts, modalities)
    assert (compensated.norm() / parts.norm()).item() == pytest.approx(ratio, rel=0.02)


@pytest.mark.parametrize("decoder, apart", [("attention", (0.0, 0.4)), ("block", (7.0, 9.0))])
def test_the_sum_of_eq_4_depends_on_the_image_and_a_blocks_output_on_the_modality(decoder, apart):
    """Distance of the modality means, in distances of images from the mean of their modality."""
    torch.manual_seed(0)
    with torch.no_grad():
        parts, modalities = features_like(6, 256)
        made = ModalityCompensation(256, 6, decoder=decoder).eval()(parts, modalities)[1].flatten(1)
    visible, infrared = (made[modalities == modality] for modality in (0, 1))
    within = (visible - visible.mean(0)).norm(dim=1).mean()
    assert apart[0] < (visible.mean(0) - infrared.mean(0)).norm() / within < apart[1]


def test_one_image_does_not_see_another_and_evaluation_is_not_random():
    module = ModalityCompensation(dim=16, parts=3, num_heads=4).eval()
    parts, modalities = torch.randn(4, 3, 16), torch.tensor([0, 1, 1, 0])
    together, again = module(parts, modalities), module(parts, modalities)
    alone = module(parts[2:3], modalities[2:3])
    for whole, second, one in zip(together, again, alone):
        assert torch.equal(whole, second)
        torch.testing.assert_close(whole[2:3], one, atol=1e-6, rtol=1e-5)


def test_modulation_starts_near_no_change_and_learns_in_every_layer():
    torch.manual_seed(0)
    generator, parts = ModulationGenerator(32), torch.randn(5, 6, 32)
    scale, shift = generator(parts)
    assert scale.shape == shift.shape == (5, 32)
    assert (scale - 1).abs().max() < 0.02 and shift.abs().max() < 0.02
    torch.testing.assert_close(generator(parts.flip(1))[0], scale)  # the mean part, in whatever order
    (scale.square().sum() + shift.square().sum()).backward()
    assert all(value.grad.abs().sum() > 0 for value in generator.parameters())
    assert ModulationGenerator(32, reduction=16).scale[0].out_features == 2


def test_a_plain_scale_is_that_of_eq_12_and_starts_away_from_one():
    torch.manual_seed(0)
    generator, parts = ModulationGenerator(32, scale="plain"), torch.randn(5, 6, 32)
    scale, shift = generator(parts)
    torch.testing.assert_close(scale, generator.scale(parts.mean(1)))
    assert scale.abs().max() < 0.9 and shift.abs().max() > 0.02


@pytest.mark.parametrize(
    "layer, name",
    [(lambda kind: ModalityCompensation(8, 2, 2, decoder=kind), "decoder")]
    + [(lambda kind: ModulationGenerator(8, scale=kind), "scale")],
)
def test_unknown_kinds_are_named(layer, name):
    with pytest.raises(ValueError, match=f"{name}.*'whole'"):
        layer("whole")
