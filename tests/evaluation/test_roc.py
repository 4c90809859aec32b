"""Verification against a count of every pair at every threshold."""

import numpy as np
import pytest

from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation import roc_metrics
from fastreid_mm.evaluation.hidden_images import hidden_images


@pytest.mark.parametrize("rule", ["sysu", "market", "none"])
def test_equals_trying_every_threshold(rule):
    rng = np.random.default_rng(0)
    ids, others, cams, places = (rng.integers(1, high, size) for high in (6, 5) for size in (12, 30))
    distance = rng.integers(0, 25, (12, 30)) + 6.0 * (ids[:, None] != others)  # many are equal
    unseen = hidden_images(rule, ids, cams, others, places)
    pairs = [(distance[q, g], ids[q] == others[g]) for q in range(12) for g in range(30) if not unseen[q, g]]
    true, false = ([value for value, same in pairs if same is np.bool_(kind)] for kind in (True, False))
    rates = (0.0, 0.01, 0.1, 0.5)
    for rate, found in zip(rates, roc_metrics(distance, ids, others, cams, places, rule, rates).values()):
        allowed = [t for t in sorted({-1.0, *true, *false}) if sum(value <= t for value in false) <= rate * len(false)]
        assert found == pytest.approx(100 * sum(value <= allowed[-1] for value in true) / len(true))


def test_names_and_a_share_that_is_reached_exactly():
    """Of a hundred false pairs one may be accepted at 1e-2, and none below."""
    distance = np.arange(102.0)[None]  # false, true, false, true, false ...
    found = roc_metrics(distance, [1], [2, 1, 2, 1, *[2] * 98], [1], [1] * 102, "none")
    assert found == {"TPR@FPR=1e-04": 0, "TPR@FPR=1e-03": 0, "TPR@FPR=1e-02": 50}


def test_without_true_or_false_pairs_there_is_no_roc():
    with pytest.raises(InputError, match="no ROC of 2 true and 0 false pairs"):
        roc_metrics([[1.0, 2.0]], [1], [1, 1], [1], [2, 2], "none")


def test_no_distance_may_be_nan():
    with pytest.raises(InputError, match="NaN at query 0, gallery image 2"):
        roc_metrics([[1.0, 3.0, np.nan]], [7], [7, 5, 7], [1], [1, 1, 1], "none")
