import numpy as np
import pytest

from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation import rank_metrics
from fastreid_mm.evaluation.hidden_images import RULES, hidden_images

DEFINITIONS = {
    "sysu": lambda query_id, query_cam, gallery_id, gallery_cam: query_cam == 3 and gallery_cam == 2,
    "market": lambda query_id, query_cam, gallery_id, gallery_cam: query_id == gallery_id and query_cam == gallery_cam,
    "none": lambda *_: False,
}


def labels(seed=0, queries=30, images=40):
    rng = np.random.default_rng(seed)
    return [rng.integers(1, high, size) for size in (queries, images) for high in (8, 5)]


@pytest.mark.parametrize("rule", DEFINITIONS)
def test_equals_the_definition(rule):
    query_ids, query_cams, gallery_ids, gallery_cams = labels()
    found = hidden_images(rule, query_ids, query_cams, gallery_ids, gallery_cams)
    assert found.shape == (30, 40) and found.dtype == bool and found.any() == (rule != "none")
    assert found.tolist() == [
        [DEFINITIONS[rule](i, c, *image) for image in zip(gallery_ids, gallery_cams)]
        for i, c in zip(query_ids, query_cams)
    ]


def test_metrics_follow_a_rule_that_is_new(monkeypatch):
    """There is no second place that would have to learn it."""
    monkeypatch.setitem(RULES, "odd", lambda query_ids, query_cams, gallery_ids, gallery_cams: gallery_cams % 2 == 1)
    query_ids, query_cams, gallery_ids, gallery_cams = labels()
    distance = np.random.default_rng(1).random((30, 40))
    even = gallery_cams % 2 == 0
    expected = rank_metrics(distance[:, even], query_ids, gallery_ids[even], query_cams, gallery_cams[even], "none")
    assert rank_metrics(distance, query_ids, gallery_ids, query_cams, gallery_cams, "odd") == pytest.approx(expected)


def test_unknown_rules_are_refused():
    with pytest.raises(InputError, match="rule 'cuhk' is not one of sysu, market, none"):
        hidden_images("cuhk", *labels())
