import pytest
import torch

from fastreid_mm.layers import cross_attention, cross_diffusion
from fastreid_mm.layers.choices import READINGS


def affinities(seed=0, dtype=torch.float64):
    torch.manual_seed(seed)
    return torch.randn(2, 2, 3, 7, 7, dtype=dtype).softmax(-1), torch.randn(2, 2, 3, 7, 5, dtype=dtype)


def literal(own, other, value, epsilon, reading):
    """Eq. 5-8 as they stand; "official" normalises the transposes."""
    own_normed, other_normed = (
        torch.diag_embed(s.sum(-1) ** -0.5) @ (s if reading == "paper" else s.mT) @ torch.diag_embed(s.sum(-1) ** -0.5)
        for s in (own, other)
    )
    return (epsilon * own_normed @ other_normed.mT + (1 - epsilon) * (own + other)) @ value


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("epsilon", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("degree", [1.0, 2.5])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equals_the_literal_formula(reading, epsilon, degree, dtype):
    (a, b), (value_a, value_b) = affinities(dtype=dtype)
    a = a * torch.linspace(1, degree, 7, dtype=dtype)[:, None]  # rows need not sum to one
    u_ab, u_ba = cross_diffusion(a, b, value_a, value_b, epsilon, reading)
    torch.testing.assert_close(u_ab, literal(a, b, value_b, epsilon, reading), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(u_ba, literal(b, a, value_a, epsilon, reading), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("epsilon", [0.0, 0.6, 1.0])
def test_gradients_equal_those_of_the_literal_formula(reading, epsilon):
    (a, b), (value_a, value_b) = affinities()
    a, b = a * torch.linspace(1, 2, 7)[:, None], b * torch.linspace(0.5, 1, 7)[:, None]
    tensors = [each.requires_grad_() for each in (a, b, value_a, value_b)]
    fast = cross_diffusion(*tensors, epsilon, reading)
    slow = literal(a, b, value_b, epsilon, reading), literal(b, a, value_a, epsilon, reading)
    weights = torch.randn(2, *value_a.shape, dtype=value_a.dtype).unbind(0)
    for own, expected in zip(torch.autograd.grad(fast, tensors, weights), torch.autograd.grad(slow, tensors, weights)):
        torch.testing.assert_close(own, expected)


def test_gradients_pass_where_only_one_result_or_one_input_takes_part():
    (a, b), (value_a, value_b) = affinities()
    value_b.requires_grad_()
    (gradient,) = torch.autograd.grad(cross_diffusion(a, b, value_a, value_b)[0].sum(), value_b)
    (expected,) = torch.autograd.grad(literal(a, b, value_b, 0.6, "paper").sum(), value_b)
    torch.testing.assert_close(gradient, expected)


@pytest.mark.parametrize("reading", READINGS)
def test_can_be_differentiated_twice(reading):
    tensors = [torch.rand(1, 2, 3, size, dtype=torch.float64, requires_grad=True) for size in (3, 3, 2, 2)]
    assert torch.autograd.gradgradcheck(lambda *each: cross_diffusion(*each, 0.6, reading), tensors)


@pytest.mark.parametrize("reading", READINGS)
def test_is_one_graph_when_compiled_or_exported(reading):
    class Layer(torch.nn.Module):
        def forward(self, *tensors):
            return cross_diffusion(*tensors, reading=reading)

    (a, b), values = affinities()
    tensors = [each.requires_grad_() for each in (a, b, *values)]
    expected = cross_diffusion(*tensors, reading=reading)
    for form in (
        torch.compile(Layer(), backend="aot_eager", fullgraph=True),
        torch.export.export(Layer(), tuple(tensors)).module(),
    ):
        found = form(*tensors)
        torch.testing.assert_close(found, expected)
        torch.testing.assert_close(
            torch.autograd.grad(found, tensors, list(values)),
            torch.autograd.grad(expected, tensors, list(values), retain_graph=True),
        )


def test_under_autocast_gradients_keep_the_dtypes_of_the_inputs():
    tensors = [each.requires_grad_() for pair in affinities(dtype=torch.float32) for each in pair.unbind(0)]
    exact = sum(cross_diffusion(*tensors))
    with torch.autocast("cpu", torch.bfloat16):
        rounded = sum(cross_diffusion(*tensors))
    assert rounded.dtype == torch.bfloat16
    for found, expected in zip(torch.autograd.grad(rounded.sum(), tensors), torch.autograd.grad(exact.sum(), tensors)):
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, expected, atol=0.1, rtol=0.05)


def test_without_diffusion_both_ways_apply_the_sum():
    (a, b), (value_a, value_b) = affinities()
    u_ab, u_ba = cross_diffusion(a, b, value_a, value_b, epsilon=0.0)
    torch.testing.assert_close(u_ab, (a + b) @ value_b)
    torch.testing.assert_close(u_ba, (a + b) @ value_a)


def test_the_two_readings_differ_and_an_unknown_one_is_named():
    (a, b), values = affinities()
    paper, official = (cross_diffusion(a, b, *values, 1.0, reading)[0] for reading in READINGS)
    assert (paper - official).abs().max() > 0.01
    with pytest.raises(ValueError, match="'code'"):
        cross_diffusion(a, b, *values, reading="code")


def test_rows_without_any_affinity_stay_finite():
    (a, b), values = affinities()
    a[..., 0, :] = 0
    tensors = [each.requires_grad_() for each in (a, b, *values)]
    results = cross_diffusion(*tensors)
    gradients = torch.autograd.grad(results, tensors, [torch.ones_like(values[0])] * 2, create_graph=True)
    second = torch.autograd.grad(sum(found.square().sum() for found in gradients), tensors)
    assert all(found.isfinite().all() for found in (*results, *gradients, *second))


@pytest.mark.parametrize("scale", [None, 0.1])
def test_cross_attention_equals_the_formula(scale):
    torch.manual_seed(0)
    query_a, key_a, value_a, query_b, key_b, value_b = torch.randn(6, 2, 3, 7, 5, dtype=torch.float64)
    u_ab, u_ba = cross_attention(query_a, key_a, value_a, query_b, key_b, value_b, scale)
    factor = scale or 5**-0.5
    torch.testing.assert_close(u_ab, (query_a @ key_b.mT * factor).softmax(-1) @ value_b)
    torch.testing.assert_close(u_ba, (query_b @ key_a.mT * factor).softmax(-1) @ value_a)
