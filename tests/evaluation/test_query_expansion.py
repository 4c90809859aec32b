"""Query expansion against one query at a time, in words of the papers."""

import numpy as np
import pytest
import torch

from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation import average_query_expansion, query_expansion


def cosine(a, b):
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


def naive(query, gallery, k, times, alpha, metric, hidden):
    if metric == "cosine":
        query, gallery = (part / np.linalg.norm(part, axis=1, keepdims=True) for part in (query, gallery))
    found = []
    for number, asked in enumerate(query):
        visible = [image for image, unseen in zip(gallery, hidden[number]) if not unseen]
        for _ in range(times):
            if metric == "cosine":
                nearest = sorted(visible, key=lambda image: -cosine(asked, image))[: k - 1]
            else:
                nearest = sorted(visible, key=lambda image: np.linalg.norm(asked - image))[: k - 1]
            weights = [max(0, cosine(asked, image)) ** alpha for image in nearest]
            asked = (asked + sum(w * image for w, image in zip(weights, nearest))) / (1 + sum(weights))
        found.append(asked)
    return np.array(found)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize(("k", "times", "alpha"), [(2, 1, 3.0), (5, 3, 1.0), (40, 2, 0.0)])
def test_equals_a_loop(metric, k, times, alpha, monkeypatch):
    monkeypatch.setattr(query_expansion, "_QUERIES", 4)
    rng = np.random.default_rng(0)
    query, gallery, hidden = rng.normal(size=(9, 5)), rng.normal(size=(30, 5)), rng.random((9, 30)) < 0.3
    hidden[0, 1:] = True  # one is left
    expected = naive(query, gallery, k, times, alpha, metric, hidden)
    found = average_query_expansion(query, gallery, k, times, alpha, metric, hidden).numpy()
    assert found == pytest.approx(expected)
    changed = np.where(hidden.all(0)[:, None], 1e6, gallery)
    changed[hidden[3]] = 1e6  # what is hidden from a query has no part in it
    again = average_query_expansion(query, changed, k, times, alpha, metric, hidden).numpy()
    assert again[3] == pytest.approx(expected[3])


def test_bad_numbers_are_refused():
    for k, times, alpha in ((1, 1, 1.0), (2, 0, 1.0), (2, 1, -1.0)):
        with pytest.raises(InputError, match="query expansion needs"):
            average_query_expansion(torch.ones(1, 2), torch.ones(1, 2), k, times, alpha)
