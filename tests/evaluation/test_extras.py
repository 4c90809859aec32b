"""Query expansion, re-ranking and ROC on the galleries of a protocol: the same as by hand on each of them."""

import numpy as np
import pytest
import torch

from fastreid_mm.evaluation import (
    average_query_expansion,
    k_reciprocal_rerank,
    pairwise_distance,
    query_blocks,
    rank_metrics,
    roc_metrics,
)
from fastreid_mm.evaluation.extras import Compared, Expansion, Extras, Reranking
from fastreid_mm.evaluation.hidden_images import hidden_images
from fastreid_mm.evaluation.protocol import Protocol
from fastreid_mm.evaluation.side import Ranking, Side

EXPANSION, RERANKING = Expansion(4, 2, 2.0), Reranking(6, 3, 0.4)
COLUMNS = np.random.default_rng(5).permutation(40)[:25]


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    ids, cams = rng.integers(0, 5, 55), rng.integers(1, 6, 55)
    features = torch.from_numpy(rng.normal(size=(5, 6))[ids] + rng.normal(size=(55, 6)))
    return features, (ids[:15], ids[15:], cams[:15], cams[15:])


def compared(metric, distance=None):
    plain = distance or (lambda query, gallery: pairwise_distance(query, gallery, metric))
    return Compared(plain, lambda found: found, metric)


class Drawn(Protocol):
    """One drawn gallery, under any rule."""

    unique_ids = True

    def __init__(self, rule):
        self.rule = rule

    def rankings(self, query, gallery):
        return {"test": [Ranking(query, gallery, COLUMNS)]}


def evaluated(features, labels, rule, extras, metric):
    query, gallery = Side(features[:15], labels[0], labels[2]), Side(features[15:], labels[1], labels[3])
    kit = compared(metric)
    refine = (lambda ranking, rule: kit.refined(extras, ranking, rule)) if extras.reranking else None
    return Drawn(rule).evaluate(query, gallery, kit.distance, (1, 3), refine, roc=extras.roc)["test"]


def chosen(labels):
    return labels[0], labels[1][COLUMNS], labels[2], labels[3][COLUMNS]


@pytest.mark.parametrize("rule", ["sysu", "market"])
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_all_three_on_a_drawn_gallery(images, rule, metric, monkeypatch):
    monkeypatch.setattr(query_blocks, "_VALUES", 4 * 25)
    features, labels = images
    query_ids, ids, query_cams, cams = chosen(labels)
    hidden = np.array(hidden_images(rule, query_ids, query_cams, ids, cams))
    gallery = features[15:][COLUMNS]
    query = average_query_expansion(features[:15], gallery, *EXPANSION, metric, hidden)
    everyone = torch.cat([query, gallery])
    distance = pairwise_distance(everyone, everyone, metric) ** (2 if metric == "euclidean" else 1)
    among = hidden_images(rule, query_ids, query_cams, query_ids, query_cams)
    expected = k_reciprocal_rerank(distance, 15, *RERANKING[:3], np.concatenate([among, hidden], 1))
    order = query_ids, ids, query_cams, cams
    wanted = rank_metrics(expected, *order, rule, True, (1, 3)) | roc_metrics(expected, *order, rule)
    found = evaluated(features, labels, rule, Extras(EXPANSION, RERANKING, True), metric)
    assert found == pytest.approx(wanted)
    plain = pairwise_distance(features[:15], gallery, metric)
    assert found["mAP"] != pytest.approx(rank_metrics(plain, *order, rule, True, (1, 3))["mAP"])


def test_a_distance_of_a_models_own_asks_both_ways(images):
    """An image of the gallery that looks for its neighbours is the query."""
    features, labels = images
    weights = torch.linspace(0.5, 2, 6, dtype=torch.float64)

    def one_way(query, gallery):
        return torch.cdist(query * weights, gallery)

    ranking = Ranking(Side(features[:15], labels[0], labels[2]), Side(features[15:], labels[1], labels[3]))
    distances = compared("cosine", one_way).refined(Extras(reranking=RERANKING), ranking, "none")
    found = torch.cat([distances(slice(0, 7)), distances(slice(7, 15))])
    matrix = torch.stack([torch.cat([one_way(row[None], other[None]) for other in features], 1)[0] for row in features])
    assert torch.allclose(found, k_reciprocal_rerank(matrix, 15, *RERANKING[:3]))


def test_roc_alone_leaves_the_ranking(images):
    features, labels = images
    distance = pairwise_distance(features[:15], features[15:])
    found = evaluated(features, labels, "market", Extras(roc=True), "cosine")
    rates = {name for name in found if name.startswith("TPR")}
    assert rates == {"TPR@FPR=1e-04", "TPR@FPR=1e-03", "TPR@FPR=1e-02"}
    expected = rank_metrics(distance, *labels, "market", True, (1, 3), columns=COLUMNS)
    assert {name: found[name] for name in found if name not in rates} == pytest.approx(expected)


def test_notes_say_what_was_done():
    assert Extras(EXPANSION, RERANKING, True).notes() == {
        "query expansion": "4 images, 2x, alpha 2.0",
        "re-ranking": "k1 6, k2 3, lambda 0.4",
    }
    assert Extras(roc=True).notes() == {}
