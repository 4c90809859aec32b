import math

import pytest
import torch

from fastreid_mm.errors import InputError
from fastreid_mm.evaluation import pairwise_distance


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
