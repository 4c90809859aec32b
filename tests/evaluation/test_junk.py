"""Images of identity -1 are nobody's: whatever is ranked is the same as without them."""

import numpy as np
import pytest
import torch

from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation import evaluate_sysu, pairwise_distance, rank_metrics, roc_metrics
from fastreid_mm.evaluation.extras import Compared, Expansion, Extras, Reranking
from fastreid_mm.evaluation.labelled_features import evaluate_features
from fastreid_mm.evaluation.llcm import drawn_columns
from fastreid_mm.evaluation.side import Ranking, Side
from fastreid_mm.evaluation.table import Table
from tests.evaluation.test_rank_metrics import hidden, naive

RULES = ("sysu", "market", "none")


def made(seed, queries=30, images=50, levels=None, junk=0.3):
    """Random labels and distances, some identities -1."""
    rng = np.random.default_rng(seed)
    distance = rng.random((queries, images)) if levels is None else rng.integers(0, levels, (queries, images))
    ids, others = rng.integers(0, 7, queries), rng.integers(0, 6, images)
    ids[rng.random(queries) < junk], others[rng.random(images) < junk] = -1, -1
    return distance.astype(float), ids, others, rng.choice([3, 6], queries), rng.choice([1, 2, 3, 6], images)


def without_junk(distance, ids, others, cams, places):
    rows, columns = ids != -1, others != -1
    return distance[rows][:, columns], ids[rows], others[columns], cams[rows], places[columns]


@pytest.mark.parametrize("levels", [None, 6])
@pytest.mark.parametrize("unique_ids", [False, True])
@pytest.mark.parametrize("rule", RULES)
def test_metrics_are_those_of_a_loop_over_people(rule, unique_ids, levels, said):
    arguments = made(0, levels=levels)
    expected = naive(*without_junk(*arguments), rule, unique_ids)
    for _ in range(2):
        assert rank_metrics(*arguments, rule, unique_ids, (1, 2, 5)) == pytest.approx(expected, abs=1e-9)
    counts = [(arguments[index] == -1).sum() for index in (1, 2)]
    assert said == [
        f"{counts[0]} of 30 queries have identity -1, nobody's: left out",
        f"{counts[1]} of 50 gallery images have identity -1, nobody's: left out",
    ]


@pytest.mark.parametrize("seed", range(40))
def test_metrics_of_small_galleries_with_ties_are_those_of_a_loop(seed, said):
    rng = np.random.default_rng(seed)
    distance, *labels = made(seed, int(rng.integers(2, 9)), int(rng.integers(2, 30)), levels=int(rng.integers(1, 9)))
    columns = rng.permutation(distance.shape[1])[: rng.integers(2, 30)]
    chosen = distance[:, columns], labels[0], labels[1][columns], labels[2], labels[3][columns]
    rule, unique = RULES[seed % 3], bool(seed % 2)
    size = int((chosen[2] != -1).sum())
    ranks = [rank for rank in (1, 5, 10, 20) if rank <= size]
    people = without_junk(*chosen)
    if not any(
        mine == other and not hidden(rule, mine, cam, other, place)
        for mine, cam in zip(people[1], people[3])
        for other, place in zip(people[2], people[4])
    ):
        with pytest.raises(InputError, match="none of the"):
            rank_metrics(distance, *labels, rule, unique, columns=columns)
        return
    found = rank_metrics(distance, *labels, rule, unique, columns=columns)
    assert found == pytest.approx(naive(*people, rule, unique, ranks), abs=1e-9)
    beyond = [f"Rank-{rank}" for rank in (5, 10, 20) if rank > size]
    assert [line for line in said if "Rank" in line] == [
        f"{', '.join(beyond)} left out: the gallery has {size} images"
    ] * bool(beyond)


@pytest.mark.parametrize("rule", RULES)
def test_no_pair_of_a_roc_and_no_share_of_recall_has_them(rule):
    arguments = made(1)
    assert roc_metrics(*arguments, rule) == roc_metrics(*without_junk(*arguments), rule)
    found, expected = (rank_metrics(*each, rule, recall_shares=9) for each in (arguments, without_junk(*arguments)))
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("rule", RULES)
def test_expansion_and_re_ranking_know_nothing_of_them(rule):
    rng = np.random.default_rng(2)
    _, *labels = made(2)
    features = torch.from_numpy(rng.normal(size=(80, 5)))
    query, gallery = features[:30], features[30:]
    columns, rows = rng.permutation(50)[:35], labels[0] != -1

    extras = Extras(Expansion(4, 1, 1.0), Reranking(8, 3, 0.3))

    def found(rows, columns):
        def distance(query, gallery):
            return pairwise_distance(query, gallery, "euclidean")

        def refine(ranking, rule):
            return Compared(distance, lambda found: found, "euclidean").refined(extras, ranking, rule)

        sides = Side(query[rows], labels[0][rows], labels[2][rows]), Side(gallery, labels[1], labels[3])
        protocol = Table(rule)
        protocol.rankings = lambda *sides: {"test": [Ranking(*sides, columns)]}
        return protocol.evaluate(*sides, distance, (1, 5), refine, roc=True)["test"]

    people = columns[labels[1][columns] != -1]
    assert found(slice(None), columns) == pytest.approx(found(rows, people))


def test_they_are_never_drawn(said):
    """A draw of SYSU-MM01 or LLCM is that of the people alone; its generator is not asked once more."""
    rng = np.random.default_rng(3)
    ids, cams = rng.integers(0, 8, 200), rng.choice([1, 2, 4, 5], 200)
    numbers = np.arange(200)
    queries = rng.integers(0, 8, 20), rng.choice([3, 6], 20)
    distance = rng.random((20, 260))
    more = np.full(60, -1), rng.choice([1, 2, 4, 5], 60), np.ones(60, int)  # some by the same camera and number
    expected = evaluate_sysu(distance[:, :200], *queries, ids, cams, numbers)
    gallery = [np.concatenate(pair) for pair in zip((ids, cams, numbers), more)]
    assert evaluate_sysu(distance, *queries, *gallery) == expected
    assert "60 of 260 gallery images have identity -1, nobody's: left out" in said
    assert drawn_columns(gallery[0], gallery[1], 4).tolist() == drawn_columns(ids, cams, 4).tolist()


@pytest.mark.parametrize("protocol", ["regdb", "llcm", "market", "msvr310"])
def test_every_protocol_leaves_them_out(protocol):
    rng = np.random.default_rng(4)
    sides, people = [], []
    for count in (40, 60):
        ids = rng.integers(1, 7, count)
        ids[rng.random(count) < 0.2] = -1
        places = rng.integers(1, 5, count)
        names = np.array([f"{number:03d}.jpg" for number in rng.permutation(count)])
        arrays = {"features": rng.normal(size=(count, 4)), "ids": ids, "cameras": places, "scenes": places}
        arrays["paths"] = names
        sides.append(arrays)
        people.append({name: each[ids != -1] for name, each in arrays.items()})
    found, expected = (evaluate_features(protocol, *each, "euclidean") for each in (sides, people))
    assert found.keys() == expected.keys()
    for setting, metrics in expected.items():
        assert found[setting] == pytest.approx(metrics)


def test_distractors_are_wrong_answers_and_no_queries(said):
    features = np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]])
    query = {"features": features[:2], "ids": np.array([7, 0]), "cameras": np.array([1, 1])}
    gallery = {"features": features[[0, 1, 2]], "ids": np.array([0, 7, 0]), "cameras": np.full(3, 2)}
    as_people = evaluate_features("market", query, gallery, "euclidean")["test"]
    assert as_people["valid_queries"] == 2 and "--distractors 0" in said[0]
    found = evaluate_features("market", query, gallery, "euclidean", distractors=(0,))["test"]
    assert found["valid_queries"] == 1 and found["Rank-1"] == 0 and found["mAP"] == 50


def test_names_of_people_are_no_numbers():
    found = rank_metrics([[0.1, 0.2]], ["anna"], ["bert", "anna"], [1], [2, 2], "market", ranks=(1, 2))
    assert found["Rank-1"] == 0 and found["Rank-2"] == 100


def test_nobody_but_junk_is_refused():
    with pytest.raises(InputError, match="none of the 2 queries"):
        rank_metrics(np.zeros((2, 3)), [-1, -1], [-1, -1, 4], [1, 1], [2, 2, 2], "market")
