"""Rankings some queries at a time are those of all at once."""

import numpy as np
import pytest
import torch

from fastreid_mm.evaluation import pairwise_distance, query_blocks, rank_metrics, roc_metrics
from fastreid_mm.evaluation.benchmarks import Market
from fastreid_mm.evaluation.side import Side


def sides(kind=torch.float32):
    random = np.random.default_rng(0)
    features = torch.from_numpy(random.normal(size=(130, 9))).to(kind)
    made = [(40, features[:40]), (90, features[40:])]
    return [Side(part, random.integers(0, 8, size), random.integers(1, 4, size)) for size, part in made]


def test_blocks_cover_all_queries_once(monkeypatch):
    monkeypatch.setattr(query_blocks, "_VALUES", 100)
    for queries, gallery in ((7, 30), (1, 1000), (100, 1), (0, 5)):
        blocks = list(query_blocks.query_blocks(queries, gallery))
        assert [row for block in blocks for row in range(block.start, block.stop)] == list(range(queries))
        assert all((block.stop - block.start) * gallery <= max(100, gallery) for block in blocks)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_metrics_are_those_of_the_whole_matrix(metric, monkeypatch):
    query, gallery = sides()
    sizes = []

    def distance(some, all_):
        sizes.append(len(some))
        return pairwise_distance(some, all_, metric)

    monkeypatch.setattr(query_blocks, "_VALUES", 90 * 7)
    found = Market().evaluate(query, gallery, distance, roc=True)["test"]
    whole = pairwise_distance(query.features, gallery.features, metric)
    labels = query.ids, gallery.ids, query.places, gallery.places
    assert sizes == [7] * 5 + [5]
    assert found == rank_metrics(whole, *labels, "market") | roc_metrics(whole, *labels, "market")


def test_autocast_and_reduced_products_do_not_reach_distances():
    query, gallery = sides()
    expected, before = pairwise_distance(query.features, gallery.features), torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("medium")
        with torch.autocast("cpu", torch.bfloat16):
            found = pairwise_distance(query.features, gallery.features)
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before)
    assert torch.equal(found, expected)
