"""Re-ranking against the paper's definitions, with sets and loops."""

import math

import numpy as np
import pytest
import torch

from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation import k_reciprocal_rerank, query_blocks, re_ranking


def naive(distance, queries, k1, k2, share, hidden=None, enough=lambda common, size: 3 * common > 2 * size):
    """Zhong et al., section 3, one image and one pair at a time; by default the authors' code's two thirds."""
    size = len(distance)

    def unseen(i, j):
        pairs = [pair for pair in ((i, j), (j, i)) if pair[0] < queries]
        return hidden is not None and i != j and any(hidden[pair] for pair in pairs)

    seen = [[j for j in range(size) if i != j and not unseen(i, j) and distance[i, j] < math.inf] for i in range(size)]
    ranked = [[i, *sorted(seen[i], key=lambda j, i=i: distance[i, j])] for i in range(size)]
    own = [{j: 0 if i == j else distance[i, j] / max(distance[i, seen[i]]) for j in [i, *seen[i]]} for i in range(size)]

    def reciprocal(i, k):
        return {j for j in ranked[i][: k + 1] if i in ranked[j][: k + 1]}

    def weights(i):
        expanded = set(reciprocal(i, k1))
        for j in reciprocal(i, k1):
            half = reciprocal(j, round(k1 / 2))
            if enough(len(reciprocal(i, k1) & half), len(half)):
                expanded |= half
        found = {j: math.exp(-own[i][j]) for j in expanded if j in own[i]}
        return {j: value / sum(found.values()) for j, value in found.items()}

    first = [weights(i) for i in range(size)]
    means = [
        [0 if unseen(i, j) else np.mean([first[n].get(j, 0) for n in ranked[i][:k2]]) for j in range(size)]
        for i in range(size)
    ]

    def jaccard(i, j):
        return 1 - sum(map(min, means[i], means[j])) / sum(map(max, means[i], means[j]))

    rows = range(queries)
    return [[(1 - share) * jaccard(i, j) + share * own[i].get(j, math.nan) for j in range(queries, size)] for i in rows]


def made(seed, size=26, queries=8):
    """Distances of people in small groups, not symmetric, and pairs that are hidden."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(size, 3)) + 3 * rng.normal(size=(6, 3))[rng.integers(0, 6, size)]
    distance = np.square(points[:, None] - points).sum(2) * rng.uniform(0.8, 1.2, (size, size))
    hidden = rng.random((queries, size)) < 0.2
    hidden[:, :queries] |= hidden[:, :queries].T  # a rule between queries goes both ways
    return torch.from_numpy(distance), hidden


@pytest.mark.parametrize(("k1", "k2", "share"), [(5, 3, 0.3), (4, 1, 0.0), (6, 8, 0.5), (40, 60, 0.3)])
@pytest.mark.parametrize("rule", [False, True])
def test_equals_the_definition(k1, k2, share, rule, monkeypatch):
    monkeypatch.setattr(query_blocks, "_VALUES", 26 * 5)  # a block with queries and gallery in it
    monkeypatch.setattr(re_ranking, "_IMAGES", 5)
    for seed in range(3):
        distance, hidden = made(seed)
        hidden = hidden if rule else None
        expected = np.array(naive(distance.numpy(), 8, k1, k2, share, hidden))
        found = k_reciprocal_rerank(distance, 8, k1, k2, share, hidden).numpy()
        visible = np.ones((8, 18), dtype=bool) if hidden is None else ~hidden[:, 8:]
        assert found[visible] == pytest.approx(expected[visible])


def test_two_thirds_in_common_are_enough_in_the_paper_and_not_in_the_authors_code():
    distance, _ = made(4, size=60, queries=10)
    expected = {
        "official": naive(distance.numpy(), 10, 20, 6, 0.3),
        "paper": naive(distance.numpy(), 10, 20, 6, 0.3, enough=lambda common, size: 3 * common >= 2 * size),
    }
    for expansion, values in expected.items():
        found = k_reciprocal_rerank(distance, 10, 20, 6, 0.3, expansion=expansion).numpy()
        assert found == pytest.approx(np.array(values), abs=1e-9)
    assert np.abs(np.subtract(*expected.values())).max() > 0.01
    default = k_reciprocal_rerank(distance, 10, 20, 6, 0.3).numpy()
    assert default == pytest.approx(np.array(expected["official"]), abs=1e-9)
    with pytest.raises(InputError, match="expansion 'code' is not one of official, paper"):
        k_reciprocal_rerank(distance, 10, expansion="code")


def test_a_hidden_image_is_never_a_querys_neighbour():
    """Image 2 is then the query's nearest, whose own is image 1: the query has no reciprocal neighbour left."""
    points = torch.tensor([[0.0], [0.04], [0.1], [9.0], [9.1], [9.2]])
    hidden = torch.zeros(1, 6, dtype=torch.bool)
    hidden[0, 1] = True
    found = k_reciprocal_rerank((points - points.T).square(), 1, k1=1, k2=1, lambda_value=0, hidden=hidden)
    shown = k_reciprocal_rerank((points - points.T).square(), 1, k1=1, k2=1, lambda_value=0)
    assert shown[0, 0] < 0.01 and found[0].tolist() == pytest.approx([1] * 5)


def test_images_at_infinite_distances_are_no_neighbours():
    distance, _ = made(0)
    distance[torch.rand(distance.shape, generator=torch.Generator().manual_seed(0)) < 0.3] = math.inf
    expected = np.array(naive(distance.numpy(), 8, 5, 3, 0.0))
    near = distance[:8, 8:].isfinite().numpy()
    assert k_reciprocal_rerank(distance, 8, 5, 3, 0.0).numpy()[near] == pytest.approx(expected[near])


def test_lambda_one_keeps_the_order_and_inputs_stay():
    distance, hidden = made(1)
    before = distance.clone(), hidden.copy()
    found = k_reciprocal_rerank(distance, 8, lambda_value=1.0, hidden=hidden)
    assert torch.equal(found.argsort(), distance[:8, 8:].argsort())
    assert torch.equal(before[0], distance) and (before[1] == hidden).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((torch.zeros(3, 4), 1), "distances"),
        ((torch.zeros(3, 3), 3), "3 queries of 3 images"),
        ((torch.zeros(3, 3), 1, 0), "k1, k2"),
        ((torch.zeros(3, 3), 1, 5, 5, 1.5), "lambda"),
        ((torch.zeros(3, 3), 1, 5, 5, 0.5, torch.zeros(1, 2)), "hidden must be"),
    ],
)
def test_bad_input_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        k_reciprocal_rerank(*arguments)
