"""Scores of single queries are those that the metrics are means of."""

import numpy as np
import pytest
import torch

from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation.protocol import Protocol, Ranking
from fastreid_mm.evaluation.query_scores import QueryScores, load_query_scores, save_query_scores
from fastreid_mm.evaluation.side import Side


class Halves(Protocol):
    """Two galleries of the same queries, and each half of them against the other."""

    rule = "none"
    ranks = (1, 5)

    def rankings(self, query, gallery):
        even, odd = (np.arange(start, len(gallery.ids), 2) for start in (0, 1))
        return {
            "galleries": [Ranking(query, gallery, even), Ranking(query, gallery, odd)],
            "queries": [Ranking(query.of(np.arange(5)), gallery), Ranking(query.of(np.arange(5, 12)), gallery)],
        }


@pytest.fixture
def found():
    random = np.random.default_rng(0)
    sides = [Side(torch.rand(n, 4), random.integers(0, ids, n), np.ones(n)) for n, ids in ((12, 8), (40, 6))]
    scores = {}
    return Halves().evaluate(*sides, torch.cdist, by_query=scores), scores


def test_their_means_are_the_metrics(found):
    metrics, scores = found
    assert scores["galleries"].scores.shape == (2, 12, 3) and scores["queries"].scores.shape == (1, 12, 3)
    for metric, values in scores["galleries"].metrics((1, 5)).items():
        assert np.nanmean(values) == pytest.approx(metrics["galleries"][metric], abs=1e-4)
    by_half = [
        QueryScores(each.ids[part], each.scores[:, part])
        for each in (scores["queries"],)
        for part in (slice(5), slice(5, 12))
    ]
    for metric in ("Rank-1", "mAP", "mINP"):
        mean = np.mean([np.nanmean(half.metrics((1,))[metric]) for half in by_half])
        assert mean == pytest.approx(metrics["queries"][metric], abs=1e-4)


def test_they_come_back_from_their_file(found, tmp_path):
    path = str(tmp_path / "query_scores.npz")
    save_query_scores(path, {f"Set/{name}": each for name, each in found[1].items()})
    again = load_query_scores(path)
    assert again.keys() == {"Set/galleries", "Set/queries"}
    for name, (ids, scores) in found[1].items():
        assert np.array_equal(again[f"Set/{name}"].ids, ids)
        assert np.array_equal(again[f"Set/{name}"].scores, scores, equal_nan=True)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "query_scores.npz"
    for content in (b"", b"PK\x03\x04 and no more"):
        path.write_bytes(content)
        with pytest.raises(InputError, match="no whole file of query scores"):
            load_query_scores(str(path))
    np.savez(path, **{"Set/test/ids": np.zeros(3), "Set/test/scores": np.zeros((1, 4, 3))})
    with pytest.raises(InputError, match="scores of Set/test are"):
        load_query_scores(str(path))
