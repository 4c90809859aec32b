import math

import pytest
import torch

from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation import pairwise_distance, query_adaptive_distance
from fastreid_mm.layers import modulated_distance

METRICS = ("cosine", "euclidean")


def naive(query, gallery, scale, shift, metric):
    """Every query modulates every gallery image, in float64."""
    result = torch.empty(len(query), len(gallery), dtype=torch.float64)
    for i, x in enumerate(query.double()):
        for j, y in enumerate(gallery.double()):
            a, b = x.flatten(), (y * scale[i].double() + shift[i].double()).flatten()
            result[i, j] = (a - b).norm() if metric == "euclidean" else 1 - (a @ b) / a.norm() / b.norm()
    return result


def example(dtype=torch.float32, scale=1.0, shift=1.0, offset=0.0):
    torch.manual_seed(0)
    draw = [torch.randn(*shape, dtype=dtype) for shape in ((9, 3, 64), (7, 3, 64), (9, 64), (9, 64))]
    return draw[0] + offset, draw[1] + offset, scale * draw[2], shift * draw[3]


@pytest.mark.parametrize("dtype, tolerance", [(torch.float32, 1e-5), (torch.float64, 1e-12)])
@pytest.mark.parametrize(
    "scale, shift, offset",
    [
        (1, 1, 0),
        (1, 0, 0),
        (1, 1, 5),
        (0, 1, 0),
        (1e-4, 1, 0),
        (1e-4, 1e-4, 0),
        (1e-8, 0, 0),
        (1e-20, 1e-20, 0),  # near zero
        (1e4, 1, 0),
        (1, 1e4, 0),
    ],
)
@pytest.mark.parametrize("metric", METRICS)
def test_equals_the_double_loop(metric, scale, shift, offset, dtype, tolerance):
    inputs = example(dtype, scale, shift, offset)
    distance = query_adaptive_distance(*inputs, metric)
    assert distance.shape == (9, 7) and distance.dtype == dtype
    torch.testing.assert_close(distance.double(), naive(*inputs, metric), rtol=tolerance, atol=tolerance * 1e-2)


@pytest.mark.parametrize("metric", METRICS)
def test_a_shift_that_cancels_the_common_offset_of_the_gallery(metric):
    query, gallery, scale, _ = example(offset=100.0)
    inputs = (query, gallery, scale, -100 * scale)
    torch.testing.assert_close(
        query_adaptive_distance(*inputs, metric).double(), naive(*inputs, metric), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("metric", METRICS)
def test_scale_one_and_shift_zero_give_the_ordinary_distance(metric):
    query, gallery, *_ = example()
    distance = query_adaptive_distance(query, gallery, torch.ones(9, 64), torch.zeros(9, 64), metric)
    torch.testing.assert_close(distance, pairwise_distance(query.flatten(1), gallery.flatten(1), metric))


def test_arrays_are_as_good_as_tensors():
    made = [torch.randn(*shape, generator=torch.Generator().manual_seed(0)) for shape in ((3, 2, 4), (5, 2, 4), (3, 4))]
    arguments = (*made, made[2])
    expected = query_adaptive_distance(*arguments)
    assert torch.equal(query_adaptive_distance(*(argument.numpy() for argument in arguments)), expected)


def test_known_values():
    query, gallery = torch.tensor([[[1.0, 0.0]]]), torch.tensor([[[0.0, 1.0]]])
    scale, shift = torch.tensor([[2.0, 3.0]]), torch.tensor([[4.0, 0.0]])  # the gallery image becomes (4, 3)
    assert query_adaptive_distance(query, gallery, scale, shift).item() == pytest.approx(1 - 4 / 5)
    assert query_adaptive_distance(query, gallery, scale, shift, "euclidean").item() == pytest.approx(math.sqrt(18))


def test_a_gallery_modulated_to_nothing_is_at_distance_one():
    query, gallery, *_ = example()
    zeros = torch.zeros(9, 64)
    assert torch.equal(query_adaptive_distance(query, gallery, zeros, zeros), torch.ones(9, 7))


@pytest.mark.parametrize("metric", METRICS)
def test_queries_are_taken_in_chunks_that_change_nothing(metric, monkeypatch):
    query, gallery, scale, shift = inputs = example()
    whole = query_adaptive_distance(*inputs, metric)
    monkeypatch.setattr(modulated_distance, "CHUNK", 2 * 3 * 64)
    pieces = modulated_distance._chunks(query, scale, shift)
    assert [tuple(map(len, piece)) for piece in pieces] == [(2, 2, 2)] * 4 + [(1, 1, 1)]
    torch.testing.assert_close(query_adaptive_distance(*inputs, metric), whole)


@pytest.mark.parametrize("metric", METRICS)
def test_nothing_as_large_as_all_pairs_of_features_is_made(metric):
    """No Nq x Ng x pd tensor: 400 x 300 x 384 numbers would be 184 MB."""
    query, gallery = torch.randn(400, 6, 64), torch.randn(300, 6, 64)
    scale, shift = torch.randn(2, 400, 64)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        query_adaptive_distance(query, gallery, scale, shift, metric)
    events = profile.events()
    assert max(abs(event.cpu_memory_usage) for event in events if event.name.startswith("aten::empty")) < 4e6
    products = [event for event in events if event.name in ("aten::mm", "aten::addmm", "aten::bmm")]
    assert len(products) == (3 if metric == "cosine" else 2)


def test_no_gradient_is_kept_and_half_precision_is_computed_in_float32():
    query, gallery, scale, shift = example()
    assert not query_adaptive_distance(query.requires_grad_(), gallery, scale, shift).requires_grad
    halves = [value.detach().half() for value in (query, gallery, scale, shift)]
    distance = query_adaptive_distance(*halves)
    assert distance.dtype == torch.float32
    torch.testing.assert_close(distance, query_adaptive_distance(*(value.float() for value in halves)))


def test_empty_sides_are_fine():
    query, gallery, scale, shift = example()
    assert query_adaptive_distance(query[:0], gallery, scale[:0], shift[:0]).shape == (0, 7)


@pytest.mark.parametrize(
    "change, words",
    [
        ({"metric": "l3"}, "metric 'l3' is not one of"),
        ({"gallery": torch.randn(7, 3, 32)}, r"gallery \(7, 3, 32\)"),
        ({"query": torch.randn(9, 192)}, r"query \(9, 192\)"),
        ({"scale": torch.randn(7, 64)}, r"scale must be \(9, 64\)"),
        ({"shift": torch.randn(9, 3)}, r"shift must be \(9, 64\)"),
        ({"scale": torch.randn(9, 64).double()}, "torch.float32, torch.float64"),
    ],
)
def test_inputs_that_do_not_go_together_are_named(change, words):
    inputs = dict(zip(("query", "gallery", "scale", "shift"), example())) | change
    with pytest.raises(InputError, match=words):
        query_adaptive_distance(**inputs)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("kind", ["plain", "far from zero", "two far groups"])
def test_float32_is_exact_within_rounding(kind, metric):
    generator = torch.Generator().manual_seed(0)
    query, gallery = (torch.randn(size, 3, 16, generator=generator) for size in (20, 30))
    scale, shift = torch.ones(20, 16), torch.zeros(20, 16)
    if kind != "plain":
        offset = 300 * torch.randn(3, 16, generator=generator)
        sides = torch.randint(0, 2, (50, 1, 1), generator=generator) * 2 - 1 if kind == "two far groups" else 1
        query, gallery = torch.cat([query, gallery]).mul(0.05).add(offset * sides).split((20, 30))
    scale[10:] += 0.1 * torch.randn(10, 16, generator=generator)
    shift[10:] += torch.randn(10, 16, generator=generator)
    found = query_adaptive_distance(query, gallery, scale, shift, metric).double()
    x, y, g, b = (each.double() for each in (query, gallery, scale, shift))
    modulated = (y[None] * g[:, None, None] + b[:, None, None]).flatten(2)  # (20, 30, 48)
    x = x.flatten(1)[:, None]
    expected = (x - modulated).norm(dim=2)
    if metric == "cosine":
        x, modulated = (torch.nn.functional.normalize(each, dim=2) for each in (x, modulated))
        expected = (x - modulated).square().sum(2) / 2
    assert ((found - expected).abs() <= 5e-5 * expected).all()
