import pytest
import torch

from fastreid_mm.evaluation import pairwise_distance
from fastreid_mm.evaluation.common_blocks import common_block_distance

SIZES = (2, 3, 1)


def naive(query, gallery, query_has, gallery_has, metric):
    rows = []
    for q, q_has in zip(query, query_has.tolist()):
        row = []
        for g, g_has in zip(gallery, gallery_has.tolist()):
            keep = [a and b for a, b in zip(q_has, g_has)]
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


def features(count):
    """Features of three blocks, and which of them are there: all."""
    return torch.randn(count, 6), torch.ones(count, 3, dtype=torch.bool)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_equals_the_loop_over_pairs(metric):
    torch.manual_seed(0)
    (query, query_has), (gallery, gallery_has) = features(5), features(7)
    query_has[1, 0] = query_has[2, 1] = query_has[2, 2] = gallery_has[3, 1] = False
    gallery_has[4, :2] = False
    found = common_block_distance(query, gallery, query_has, gallery_has, SIZES, metric)
    expected = naive(query, gallery, query_has, gallery_has, metric)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    assert torch.isinf(found).sum() == 1  # the third query has the first block alone, the fifth image the last


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_is_the_plain_distance_where_nothing_is_missing(metric):
    torch.manual_seed(0)
    (query, query_has), (gallery, gallery_has) = features(5), features(7)
    torch.testing.assert_close(
        common_block_distance(query, gallery, query_has, gallery_has, SIZES, metric),
        pairwise_distance(query, gallery, metric),
    )


def test_a_block_of_zeros_that_is_there_counts():
    query, gallery = torch.tensor([[3.0, 0.0]]), torch.tensor([[1.0, 5.0]])
    everything = torch.tensor([[True, True]])
    found = common_block_distance(query, gallery, everything, everything, (1, 1))
    assert found.item() == pytest.approx(29**0.5)  # not 2 x sqrt(2)


def test_blocks_that_do_not_make_a_feature_are_refused():
    with pytest.raises(ValueError, match="2, 3 channels do not make 6"):
        common_block_distance(*features(1)[:1] * 2, *features(1)[1:] * 2, (2, 3))
