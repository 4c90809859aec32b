import sys

import numpy as np
import pytest
import torch

from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation import measure, query_blocks, rank_metrics

RANKS = (1, 2, 5)


def hidden(rule, query_id, query_cam, gallery_id, gallery_cam):
    if rule == "sysu":
        return query_cam == 3 and gallery_cam == 2
    return rule == "market" and query_id == gallery_id and query_cam == gallery_cam


def naive(distance, query_ids, gallery_ids, query_cams, gallery_cams, rule, unique_ids, ranks=RANKS):
    """The definition, one query and one image at a time."""
    hits, precisions, penalties = [], [], []
    for row, query_id, query_cam in zip(distance, query_ids, query_cams):
        order = sorted(range(len(row)), key=lambda column: (row[column], column))
        ranked = [
            gallery_ids[j] for j in order if not hidden(rule, query_id, query_cam, gallery_ids[j], gallery_cams[j])
        ]
        true = [place for place, identity in enumerate(ranked, start=1) if identity == query_id]
        if not true:
            continue
        counted = list(dict.fromkeys(ranked)) if unique_ids else ranked
        hits.append([counted.index(query_id) < k for k in ranks])
        precisions.append(np.mean([found / place for found, place in enumerate(true, start=1)]))
        penalties.append(len(true) / true[-1])
    cmc = dict(zip((f"Rank-{k}" for k in ranks), 100 * np.mean(hits, axis=0)))
    return {**cmc, "mAP": 100 * np.mean(precisions), "mINP": 100 * np.mean(penalties), "valid_queries": len(hits)}


def make(seed, queries=40, images=60, levels=None, dtype=np.float64):
    """Random labels and distances; with ``levels``, only so many different distances."""
    rng = np.random.default_rng(seed)
    distance = rng.random((queries, images)) if levels is None else rng.integers(0, levels, (queries, images))
    labels = (
        rng.integers(0, 12, queries),  # the identities 9, 10, 11 are in no gallery
        rng.integers(0, 9, images),
        rng.choice([3, 6], queries),
        rng.choice([1, 2, 3, 4], images),
    )
    return distance.astype(dtype), *labels


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("levels", [None, 40, 3, 1])
@pytest.mark.parametrize("unique_ids", [False, True])
@pytest.mark.parametrize("rule", ["sysu", "market", "none"])
def test_equals_the_definition(rule, unique_ids, levels, dtype):
    arguments = make(1, levels=levels, dtype=dtype)
    expected = naive(*arguments, rule, unique_ids)
    assert rank_metrics(*arguments, rule, unique_ids, RANKS) == pytest.approx(expected, abs=1e-9)


def test_ties_within_small_pieces(monkeypatch):
    monkeypatch.setattr(measure, "_CHUNK_VALUES", 150)
    monkeypatch.setattr(sys.modules["fastreid_mm.evaluation.rank_positions"], "_TIED_VALUES", 200)
    arguments = make(2, levels=4)
    assert rank_metrics(*arguments, "sysu", True, RANKS) == pytest.approx(naive(*arguments, "sysu", True), abs=1e-9)


@pytest.mark.parametrize("rule", ["sysu", "market"])
def test_infinite_distances_still_precede_hidden_images(rule):
    distance, *labels = make(3, levels=5)
    distance[distance >= 2] = np.inf
    expected = naive(distance, *labels, rule, True)
    assert rank_metrics(distance, *labels, rule, True, RANKS) == pytest.approx(expected, abs=1e-9)


def test_worked_example():
    result = rank_metrics([[0.1, 0.2, 0.3, 0.4]], [7], [5, 7, 5, 7], [6], [1, 1, 2, 2], "sysu", False, (1, 2))
    assert result == {"Rank-1": 0, "Rank-2": 100, "mAP": 50, "mINP": 50, "valid_queries": 1}
    assert type(result["valid_queries"]) is int and type(result["mAP"]) is float


def test_camera_3_does_not_see_camera_2_of_any_identity():
    distance, labels = [[0.1, 0.2, 0.3]] * 2, ([7, 7], [7, 5, 7], [3, 6], [2, 2, 1])
    assert rank_metrics(distance, *labels, "sysu", ranks=(1,))["mAP"] == pytest.approx((100 + 100 * 5 / 6) / 2)
    assert rank_metrics(distance, *labels, "none", ranks=(1,))["mAP"] == pytest.approx(100 * 5 / 6)


def test_identities_are_counted_once():
    arguments = ([[0.1, 0.2, 0.3]], [7], [5, 5, 7], [6], [1, 1, 1], "none")
    assert rank_metrics(*arguments, unique_ids=False, ranks=(1, 2))["Rank-2"] == 0
    assert rank_metrics(*arguments, unique_ids=True, ranks=(1, 2))["Rank-2"] == 100


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_tensors_equal_arrays(dtype):
    arguments = [torch.from_numpy(x) for x in make(4)]
    arguments[0] = arguments[0].to(dtype).requires_grad_()
    arrays = [arguments[0].detach().double().numpy(), *(x.numpy() for x in arguments[1:])]
    assert rank_metrics(*arguments, ranks=RANKS) == rank_metrics(*arrays, ranks=RANKS)


def test_nearly_equal_float64_distances_are_told_apart():
    arguments = (np.array([[1 + 1e-12, 1.0]]), [7], [5, 7], [6], [1, 1], "none")
    assert rank_metrics(*arguments, ranks=(1,))["Rank-1"] == 100


def test_does_not_depend_on_order_without_ties():
    distance, query_ids, gallery_ids, query_cams, gallery_cams = make(5)
    rows, columns = np.random.default_rng(0).permutation(40), np.random.default_rng(1).permutation(60)
    mixed = (distance[rows][:, columns], query_ids[rows], gallery_ids[columns], query_cams[rows], gallery_cams[columns])
    plain = rank_metrics(distance, query_ids, gallery_ids, query_cams, gallery_cams, "market", True, RANKS)
    assert rank_metrics(*mixed, "market", True, RANKS) == pytest.approx(plain, abs=1e-9)


def test_columns_choose_and_order_the_gallery():
    distance, query_ids, gallery_ids, query_cams, gallery_cams = make(6, levels=6)
    columns = np.random.default_rng(0).permutation(60)[:35]
    part = (distance[:, columns], query_ids, gallery_ids[columns], query_cams, gallery_cams[columns])
    whole = rank_metrics(distance, query_ids, gallery_ids, query_cams, gallery_cams, ranks=RANKS, columns=columns)
    assert whole == rank_metrics(*part, ranks=RANKS)


def test_input_is_left_alone():
    arguments = make(7)
    copies = [x.copy() for x in arguments]
    rank_metrics(*arguments, "sysu", ranks=RANKS)
    assert all((x == y).all() for x, y in zip(arguments, copies))


def replaced(index, value):
    arguments = list(make(8))
    arguments[index] = value
    return arguments


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (replaced(0, np.zeros(60)), {}, r"\(60,\)"),
        (replaced(1, np.zeros(39)), {}, r"query_ids .*\(40,\).*\(39,\)"),
        (replaced(4, np.zeros(61)), {}, r"gallery_cams .*\(60,\).*\(61,\)"),
        ((np.zeros((2, 0)), [1, 2], [], [3, 3], []), {}, "2 queries, 0 gallery images"),
        (make(8), {"rule": "cuhk"}, "'cuhk'"),
        (make(8), {"ranks": (0,)}, "Rank-0"),
        (replaced(1, np.full(40, 11)), {"ranks": RANKS}, "none of the 40 queries"),
    ],
)
def test_refuses(arguments, options, message):
    with pytest.raises(InputError, match=message):
        rank_metrics(*arguments, **options)


def test_names_the_nan(monkeypatch):
    monkeypatch.setattr(measure, "_CHUNK_VALUES", 150)
    monkeypatch.setattr(query_blocks, "_VALUES", 300)
    arguments = make(9)
    arguments[0][7, 33] = np.nan
    with pytest.raises(InputError, match="query 7, gallery image 33"):
        rank_metrics(*arguments, ranks=RANKS)


@pytest.mark.parametrize("shares", [1, 3, 10])
@pytest.mark.parametrize("rule", ["sysu", "market", "none"])
def test_precision_over_shares_of_recall(rule, shares):
    arguments = make(5, levels=30)
    found = rank_metrics(*arguments, rule, ranks=RANKS, recall_shares=shares)
    curves = []
    for row, query_id, query_cam in zip(arguments[0], arguments[1], arguments[3]):
        order = [
            j
            for j in sorted(range(len(row)), key=lambda column: (row[column], column))
            if not hidden(rule, query_id, query_cam, arguments[2][j], arguments[4][j])
        ]
        true = [place for place, j in enumerate(order, start=1) if arguments[2][j] == query_id]
        if true:  # the definition: at a recall of r, the precision where ceil(r n) true images are found
            recalls = (np.arange(shares * 720) + 0.5) / (shares * 720)
            places = np.ceil(recalls * len(true)).astype(int)
            curves.append((places / np.array(true)[places - 1]).reshape(shares, -1).mean(1))
    assert [found[f"Precision-{i}"] for i in range(1, shares + 1)] == pytest.approx(100 * np.mean(curves, 0), abs=0.1)
    assert np.mean([found[f"Precision-{i}"] for i in range(1, shares + 1)]) == pytest.approx(found["mAP"])
    assert len(found) == len(RANKS) + 3 + shares
