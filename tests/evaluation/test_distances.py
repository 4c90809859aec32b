import math

import pytest
import torch

from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation import euclidean, pairwise_distance


def naive(query, gallery, metric):
    """One pair at a time, in Python's own numbers."""
    if metric == "euclidean":
        return [[math.dist(q, g) for g in gallery.tolist()] for q in query.tolist()]
    rows = [[sum(a * b for a, b in zip(q, g)) for g in gallery.tolist()] for q in query.tolist()]
    return [
        [1 - dot / math.hypot(*q) / math.hypot(*g) for dot, g in zip(row, gallery.tolist())]
        for row, q in zip(rows, query.tolist())
    ]


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_equals_the_definition(metric, dtype, tolerance):
    generator = torch.Generator().manual_seed(0)
    query = torch.randn(5, 7, generator=generator, dtype=dtype, requires_grad=True)
    gallery = torch.randn(6, 7, generator=generator, dtype=dtype)
    result = pairwise_distance(query, gallery, metric)
    assert result.dtype == dtype and not result.requires_grad
    torch.testing.assert_close(result, torch.tensor(naive(query, gallery, metric), dtype=dtype), rtol=0, atol=tolerance)


def test_equal_features_are_never_nan():
    features = torch.randn(50, 64, generator=torch.Generator().manual_seed(1)) * 100
    diagonal = pairwise_distance(features, features, "euclidean").diagonal()
    assert (diagonal >= 0).all() and diagonal.max() < 1


def exact(query, gallery, metric):
    """Differences in float64, of every pair."""
    query, gallery = query.double(), gallery.double()
    if metric == "cosine":
        query, gallery = (torch.nn.functional.normalize(each, dim=1) for each in (query, gallery))
    found = torch.cdist(query, gallery, compute_mode="donot_use_mm_for_euclid_dist")
    return found.square() / 2 if metric == "cosine" else found


def long_features(kind, dim=512):
    """Queries and a gallery that float32's matrix product cannot tell apart."""
    generator = torch.Generator().manual_seed(3)
    query, gallery = (torch.randn(size, dim, generator=generator) for size in (90, 140))
    offset = 300 * torch.randn(dim, generator=generator)
    if kind == "far from zero":
        return 0.05 * query + offset, 0.05 * gallery + offset
    if kind == "two far groups":
        sides = torch.randint(0, 2, (230, 1), generator=generator) * 2 - 1
        return 0.05 * query + offset * sides[:90], 0.05 * gallery + offset * sides[90:]
    if kind == "each other's far side":
        return query + offset, gallery - offset
    if kind == "near duplicates":
        return query, torch.cat([gallery[:50], query + 1e-4 * gallery[50:]])
    if kind == "tight identities":
        return gallery[:90] + 0.05 * query, gallery + 0.05 * gallery.flip(0)
    if kind == "duplicates":
        return query, query.clone()
    return query * kind, gallery * kind


LONG = ("far from zero", "two far groups", "each other's far side", "near duplicates", "tight identities", "duplicates")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kind", [*LONG, 1e-25, 1e-15, 1.0, 1e15, 1e25])
def test_euclidean_distances_are_exact_within_rounding(kind, dtype):
    query, gallery = (each.to(dtype) for each in long_features(kind))
    found, expected = pairwise_distance(query, gallery, "euclidean"), exact(query, gallery, "euclidean")
    assert found.dtype == dtype
    error = (found.double() - expected).abs()
    assert (error <= (5e-5 if dtype == torch.float32 else 1e-7) * expected).all()  # 0 of duplicates is 0


@pytest.mark.parametrize("kind", LONG[:5])
def test_cosine_distances_of_nearly_parallel_features_are_more_than_rounding(kind):
    query, gallery = long_features(kind)
    found, expected = pairwise_distance(query, gallery, "cosine").double(), exact(query, gallery, "cosine")
    assert ((found - expected).abs() <= 2e-3 * expected).all()  # float32 features of length one are rounded


def test_the_nearest_of_long_features_are_those_of_float64():
    """As people with a common offset are: float32 says nothing of them, the gallery's order decided."""
    query, gallery = long_features("far from zero", 2048)
    gallery = torch.cat([query + 0.5 * (gallery[:90] - gallery[50:]), gallery])
    for features in ((query, gallery), (query.bfloat16(), gallery.bfloat16())):
        found = pairwise_distance(*features, "euclidean")
        assert torch.equal(found.argmin(1), exact(*features, "euclidean").argmin(1))
    assert torch.equal(pairwise_distance(query, gallery, "euclidean").argmin(1), torch.arange(90))


def test_blocks_and_what_is_computed_again_make_no_difference(monkeypatch):
    query, gallery = long_features("near duplicates")
    whole = pairwise_distance(query, gallery, "euclidean")
    for name, value in (("_TILE", 700), ("_COLUMNS", 7), ("_FEW", 10**9)):
        monkeypatch.setattr(euclidean, name, value)
    torch.testing.assert_close(pairwise_distance(query, gallery, "euclidean"), whole, rtol=5e-5, atol=0)


def test_equal_features_far_from_zero_are_at_distance_zero():
    features = torch.randn(1, 64, generator=torch.Generator().manual_seed(0)).mul(100).repeat(300, 1)
    assert not pairwise_distance(features[:7], features, "euclidean").any()


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_what_is_not_finite_stays_in_its_row(metric, wrong):
    query, gallery = long_features(1.0)
    expected = pairwise_distance(query, gallery, metric)
    query[3, 5] = gallery[0, 2] = gallery[7, 0] = wrong
    found = pairwise_distance(query, gallery, metric)
    kept = torch.ones_like(found, dtype=torch.bool)
    kept[3], kept[:, [0, 7]] = False, False
    torch.testing.assert_close(found[kept], expected[kept], rtol=1e-5, atol=1e-6)
    assert not (found[~kept] < 1e30).any()


def test_nothing_has_no_distances():
    assert pairwise_distance(torch.zeros(0, 3), torch.zeros(2, 3), "euclidean").shape == (0, 2)
    assert pairwise_distance(torch.zeros(2, 3), torch.zeros(0, 3), "cosine").shape == (2, 0)


def test_zero_feature_is_at_cosine_distance_one():
    assert pairwise_distance(torch.zeros(1, 3), torch.ones(1, 3), "cosine").item() == 1


def test_half_precision_is_computed_in_float32():
    query, gallery = torch.tensor([[300.0, 0.0]]).half(), torch.tensor([[0.0, 400.0]]).half()
    result = pairwise_distance(query, gallery, "euclidean")
    assert result.dtype == torch.float32 and result.item() == 500


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_arrays_are_as_good_as_tensors(metric):
    query, gallery = torch.randn(5, 7, generator=torch.Generator().manual_seed(0)), torch.ones(6, 7)
    found = pairwise_distance(query.numpy(), gallery.numpy(), metric)
    assert torch.equal(found, pairwise_distance(query, gallery, metric))


@pytest.mark.parametrize(
    ("query", "gallery", "metric", "message"),
    [
        (torch.zeros(2, 3), torch.zeros(2, 3), "sqeuclidean", "'sqeuclidean'"),
        (torch.zeros(2, 3), torch.zeros(2, 4), "cosine", r"\(2, 3\).*\(2, 4\)"),
        (torch.zeros(3), torch.zeros(2, 3), "cosine", r"\(3,\)"),
        (torch.zeros(2, 3), torch.zeros(2, 3).double(), "cosine", "float32.*float64"),
        (torch.zeros(2, 3).int(), torch.zeros(2, 3).int(), "cosine", "floating-point.*int32"),
    ],
)
def test_refuses(query, gallery, metric, message):
    with pytest.raises(InputError, match=message):
        pairwise_distance(query, gallery, metric)
