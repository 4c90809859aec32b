import pytest
import torch

from fastreid_mm.evaluation import pairwise_distance
from fastreid_mm.evaluation.common_blocks import common_block_distance

SIZES = (2, 3, 1)


def naive(query, gallery, metric):
    rows = []
    for q in query:
        row = []
        for g in gallery:
            keep = [bool(a.any() and b.any()) for a, b in zip(q.split(SIZES), g.split(SIZES))]
            if not any(keep):
                row.append(float("inf"))
                continue
            a, b = (torch.cat([block for block, there in zip(each.split(SIZES), keep) if there]) for each in (q, g))
            if metric == "cosine":
                row.append(1 - (a @ b / a.norm() / b.norm()).item())
            else:
                row.append((a - b).norm().item() * (6 / len(a)) ** 0.5)
        rows.append(row)
    return torch.tensor(rows)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_equals_the_loop_over_pairs(metric):
    torch.manual_seed(0)
    query, gallery = torch.randn(5, 6), torch.randn(7, 6)
    query[1, :2] = query[2, 2:] = gallery[3, 2:5] = gallery[4, :5] = 0
    found = common_block_distance(query, gallery, SIZES, metric)
    torch.testing.assert_close(found, naive(query, gallery, metric), atol=1e-5, rtol=1e-4)
    assert torch.isinf(found).sum() == 1  # the third query has the first block alone, the fifth image the last


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_is_the_plain_distance_where_nothing_is_missing(metric):
    torch.manual_seed(0)
    query, gallery = torch.randn(5, 6), torch.randn(7, 6)
    torch.testing.assert_close(common_block_distance(query, gallery, SIZES, metric),
                               pairwise_distance(query, gallery, metric))


def test_blocks_that_do_not_make_a_feature_are_refused():
    with pytest.raises(ValueError, match="2, 3 channels do not make 6"):
        common_block_distance(torch.randn(1, 6), torch.randn(1, 6), (2, 3))
