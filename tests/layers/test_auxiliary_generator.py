"""MUN's generator and its parts."""

import pytest
import torch
import torch.nn.functional as F

from fastreid_mm.layers import (
    AuxiliaryGenerator,
    BoundedScale,
    CrossModalityLearner,
    IntraModalityLearner,
    MixedModality,
    SyncreticModality,
    XModality,
)


@pytest.mark.parametrize("ratio", [2, 4, 6, 12])
def test_a_72_x_36_map_pooled_and_rebuilt_is_72_x_36(ratio):
    learner = CrossModalityLearner(2, ratios=(ratio,))
    pooled = F.avg_pool2d(torch.randn(1, 2, 72, 36), ratio)
    assert pooled.shape == (1, 2, 72 // ratio, 36 // ratio)
    assert learner.rebuild[0](pooled).shape == (1, 2, 72, 36)
    assert learner(*torch.randn(2, 3, 2, 72, 36)).shape == (3, 2, 72, 36)


def test_cross_modality_learner_equals_the_loop():
    torch.manual_seed(0)
    learner = CrossModalityLearner(2, ratios=(2, 3))
    visible, infrared = torch.randn(2, 3, 2, 6, 12)
    stacked = torch.zeros(3, 8, 6, 12)
    for m, maps in enumerate((visible, infrared)):
        for r, (ratio, layer) in enumerate(zip((2, 3), learner.rebuild)):
            for y in range(6):
                for x in range(12):
                    top, left = y // ratio * ratio, x // ratio * ratio
                    mean = maps[:, :, top : top + ratio, left : left + ratio].mean((2, 3))  # (B, C)
                    row = 4 * m + 2 * r
                    stacked[:, row : row + 2, y, x] = mean @ layer.weight[:, :, y - top, x - left].detach()
    mean, var = stacked.mean((0, 2, 3), keepdim=True), stacked.var((0, 2, 3), unbiased=False, keepdim=True)
    expected = F.conv2d((stacked - mean) / (var + 1e-5).sqrt(), learner.fuse.weight, learner.fuse.bias)
    torch.testing.assert_close(learner(visible, infrared), expected, atol=1e-5, rtol=1e-4)


def test_intra_modality_learner_mixes_each_half_at_its_own_size():
    learner = IntraModalityLearner(4).eval()  # BatchNorm as it starts: the identity but for its epsilon
    for layer in (learner.expand, learner.reduce):
        torch.nn.init.zeros_(layer.bias)
    learner.depthwise3.weight.data.zero_()
    seen = {}
    learner.norm1.register_forward_hook(lambda _, inputs, __: seen.update(mixed=inputs[0]))
    point = torch.zeros(1, 4, 15, 15)
    point[..., 7, 7] = 1
    output = learner(point)
    reach = [int((seen["mixed"][0, channel] != 0).sum()) for channel in range(4)]
    assert reach == [25, 25, 49, 49]  # 5 x 5 on the first half, 7 x 7 on the second
    matrix = learner.reduce.weight[:, :, 0, 0] @ learner.expand.weight[:, :, 0, 0]
    expected = torch.einsum("oc,bchw->bohw", matrix, seen["mixed"])
    torch.testing.assert_close(output, expected, atol=1e-5, rtol=1e-3)
    assert learner.expand.out_channels == 16


def test_sizes_of_the_papers_generator():
    generator = AuxiliaryGenerator(256)
    rebuild = [layer.weight.numel() for layer in generator.cross.rebuild]
    assert rebuild == [256 * 256 * ratio**2 for ratio in (2, 4, 6, 12)]  # 13.1 M
    grouped = AuxiliaryGenerator(256, tr_groups=256)
    assert sum(layer.weight.numel() for layer in grouped.cross.rebuild) == 256 * 200  # 51.2 k
    assert generator.cross.norm.num_features == 2048 and generator.cross.fuse.out_channels == 256
    assert generator.intra_visible.expand.out_channels == 1024


def test_ratios_that_do_not_divide_are_named():
    with pytest.raises(ValueError, match="6, 12 does not divide maps of 32 x 16"):
        AuxiliaryGenerator(2)(*torch.randn(2, 2, 2, 32, 16))


def test_every_parameter_of_the_generator_gets_a_gradient():
    torch.manual_seed(0)
    generator = AuxiliaryGenerator(4, ratios=(2, 4))
    generator(*torch.randn(2, 2, 4, 8, 8)).square().sum().backward()
    assert not [name for name, value in generator.named_parameters() if not value.grad.abs().sum() > 0]


def test_a_scale_starts_at_one_learns_in_both_directions_and_comes_back():
    scale, x = BoundedScale(), torch.tensor([2.0])
    assert scale(x) == 2
    for wish, start, gradient in (
        (1, 1.0, 2.0),
        (-1, 1.0, -2.0),  # on the bound: free
        (1, 1.5, 2.0),
        (-1, 1.5, 0.0),  # above: only downwards
        (1, -1.0, 0.0),
        (-1, -1.0, -2.0),
    ):  # below: only upwards
        scale.value.data.fill_(start)
        scale.value.grad = None
        (wish * scale(x)).backward()
        assert scale.value.grad == gradient, (wish, start)
    assert scale(x).item() == pytest.approx(2e-3)


def test_image_auxiliaries_mix_as_their_names_say():
    torch.manual_seed(0)
    visible, infrared = torch.randn(2, 5, 3, 4, 2)
    layer = XModality()
    assert torch.equal(layer(visible, infrared), layer(visible, visible))
    mixed = MixedModality()(visible, infrared)
    ratio = (mixed - infrared) / (visible - infrared)
    assert ratio.flatten(1).std(1).max() < 1e-3 and ((ratio > 0) & (ratio < 1)).all()  # one ratio an image
    assert ratio[:, 0, 0, 0].unique().numel() == 5
    fused = SyncreticModality()
    assert fused(visible, infrared).shape == visible.shape
    assert not torch.equal(fused(visible, infrared), fused(visible, visible))
    assert not torch.equal(fused(visible, infrared), fused(infrared, infrared))
