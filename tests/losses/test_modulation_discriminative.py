import math

import pytest
import torch

from fastreid_mm.losses import modulation_discriminative

TARGETS = torch.tensor([4, 4, 0, 0, 2, 2] * 2)


def cosine(a, b):
    return 1 - sum(x * y for x, y in zip(a, b)) / math.hypot(*a) / math.hypot(*b)


def naive(features, scale, shift, margin, mining="hard", distance=math.dist, modalities=None):
    total = 0.0
    for i, query in enumerate(features):
        positives, negatives = [], []
        for j, other in enumerate(features):
            if j == i or modalities is not None and modalities[i] == modalities[j]:
                continue
            modulated = other * scale[i] + shift[i]
            between = distance(query.flatten().tolist(), modulated.flatten().tolist())
            (positives if TARGETS[j] == TARGETS[i] else negatives).append(between)
        if mining == "hard":
            positives, negatives = [max(positives)], [min(negatives)]
        hinges = [max(0.0, margin + near - far) for near in positives for far in negatives]
        total += sum(hinges) / len(hinges)
    return total / len(features)


def example(dtype, offset=0.0):
    torch.manual_seed(0)
    features = torch.randn(12, 3, 5, dtype=dtype) + offset
    return features, 1 + 0.3 * torch.randn(12, 5, dtype=dtype), 0.3 * torch.randn(12, 5, dtype=dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("margin, offset", [(0.3, 0.0), (3.0, 0.0), (0.3, 100.0)])
@pytest.mark.parametrize("mining", ["hard", "all"])
def test_equals_the_loop(margin, offset, dtype, mining):
    inputs = example(dtype, offset)
    loss = modulation_discriminative(*inputs, TARGETS, margin, mining=mining)
    assert loss.shape == () and loss.dtype == dtype
    assert naive(*inputs, margin, mining) > 0
    assert loss.item() == pytest.approx(naive(*inputs, margin, mining), rel=1e-5)


@pytest.mark.parametrize("mining", ["hard", "all"])
def test_cosine_distance_equals_the_loop_and_does_not_reward_short_features(mining):
    features, scale, shift = example(torch.float64)
    loss = modulation_discriminative(features, scale, shift, TARGETS, mining=mining, distance="cosine")
    assert loss.item() == pytest.approx(naive(features, scale, shift, 0.3, mining, cosine), rel=1e-9)
    short = modulation_discriminative(features, scale / 100, shift / 100, TARGETS, mining=mining, distance="cosine")
    assert short.item() == pytest.approx(loss.item(), rel=1e-9)


@pytest.mark.parametrize("mining", ["hard", "all"])
def test_only_images_of_the_other_modality_equal_the_loop(mining):
    inputs, modalities = example(torch.float64), torch.tensor([0, 1, 0, 1, 0, 0] + [0, 1, 1, 0, 1, 1])
    loss = modulation_discriminative(*inputs, TARGETS, mining=mining, modalities=modalities)
    assert loss.item() == pytest.approx(naive(*inputs, 0.3, mining, modalities=modalities.tolist()), rel=1e-9)
    assert loss.item() != pytest.approx(naive(*inputs, 0.3, mining), rel=1e-3)
    with pytest.raises(ValueError, match="an image of each in either modality"):
        modulation_discriminative(*inputs, TARGETS, modalities=torch.tensor([0] * 11 + [1]))


@pytest.mark.parametrize("option", [{"mining": "semi"}, {"distance": "l1"}])
def test_unknown_options_are_named(option):
    with pytest.raises(ValueError, match=f"'{next(iter(option.values()))}'"):
        modulation_discriminative(*example(torch.float32), TARGETS, **option)


def test_the_gradient_is_that_of_finite_differences():
    inputs = tuple(value.requires_grad_() for value in example(torch.float64))
    assert torch.autograd.gradcheck(lambda *values: modulation_discriminative(*values, TARGETS), inputs)


def test_images_that_coincide_have_a_finite_gradient():
    features = torch.ones(12, 3, 5, requires_grad=True)
    loss = modulation_discriminative(features, torch.ones(12, 5), torch.zeros(12, 5), TARGETS)
    loss.backward()
    assert loss.item() == pytest.approx(0.3, abs=1e-5) and features.grad.isfinite().all()


def test_mixed_precision_does_not_reach_it():
    inputs = example(torch.float32, 10.0)
    plain = modulation_discriminative(*inputs, TARGETS)
    with torch.autocast("cpu", torch.bfloat16):
        assert modulation_discriminative(*inputs, TARGETS).item() == pytest.approx(plain.item(), rel=1e-6)


@pytest.mark.parametrize("targets", [[0, 0, 0, 0], [0, 0, 1, 2]])
def test_batches_without_triplets_are_refused(targets):
    with pytest.raises(ValueError, match="two identities and two images"):
        modulation_discriminative(torch.randn(4, 2, 3), torch.ones(4, 3), torch.zeros(4, 3), torch.tensor(targets))
