"""MSVR310's protocol, from expectations written out by hand and from a loop over queries at full size."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from fastreid_mm.data.items import Item, Source
from fastreid_mm.protocols import build_evaluator


def sample(pid, scene, camera, number=0):
    name = f"{pid:04d}_s{scene:03d}_v{camera}_{number:03d}.jpg"
    return Item(name, pid, camera, sources=(Source(name),), scene=int(scene))


def build(tiny_cfg, query, gallery, *options):
    return build_evaluator(tiny_cfg(*options), SimpleNamespace(query=query, gallery=gallery, protocol="msvr310"))


def test_scenes_count_and_cameras_do_not_by_hand(tiny_cfg):
    query = [sample(1, 1, 0), sample(2, 1, 0), sample(3, 2, 1), sample(1, 2, 4)]
    gallery = [
        sample(1, 1, 0),
        sample(1, 1, 2),
        sample(1, 2, 0),
        sample(2, 1, 0),
        sample(2, 3, 0),
        sample(3, 2, 1),
        sample(2, 3, 5),
    ]
    distance = torch.tensor(
        [
            [0, 1, 4, 2, 5, 3, 6],  # its own scene is hidden, under both cameras: then 2, 3, 1
            [2, 5, 4, 0, 1, 6, 3],  # its own scene is hidden, its own camera is not: 2, 1, 2
            [3, 4, 5, 6, 1, 0, 2],  # has but its own scene: does not count
            [3, 4, 0, 5, 2, 1, 2],  # another vehicle of its scene is not hidden: 3, 2, 2 (equally near), 1, 1
        ]
    )
    evaluator = build(tiny_cfg, query, gallery, "TEST.RANKS", "(1, 3, 4)")
    evaluator.distance = lambda query, gallery: distance[query][:, gallery - 4]
    found = evaluator.ranked(torch.arange(11))
    precision = (1 / 3 + (1 + 2 / 3) / 2 + (1 / 4 + 2 / 5) / 2) / 3
    penalty = (1 / 3 + 2 / 3 + 2 / 5) / 3
    counted = {"Rank-1": 100 / 3, "Rank-3": 200 / 3, "Rank-4": 100, "mAP": 100 * precision, "mINP": 100 * penalty}
    assert found == {"test": pytest.approx(counted | {"valid_queries": 3})}  # Rank-4: images count, not identities


def naive(distance, query, gallery):
    scores = []
    for row, (name, pid, *_) in zip(distance.tolist(), query):
        seen = [column for column, item in enumerate(gallery) if item[0][:9] != name[:9]]
        ranked = [gallery[column][1] == pid for column in sorted(seen, key=lambda column: row[column])]
        true = np.flatnonzero(ranked) + 1
        if len(true):
            precision = np.mean(np.arange(1, len(true) + 1) / true)
            scores.append([*(true[0] <= k for k in (1, 5, 10, 20)), precision, len(true) / true[-1]])
    names = ["Rank-1", "Rank-5", "Rank-10", "Rank-20", "mAP", "mINP"]
    return dict(zip(names, 100 * np.mean(scores, axis=0))) | {"valid_queries": len(scores)}


def test_a_loop_at_full_size_agrees(tiny_cfg):
    """1,055 samples of 155 vehicles, of which the 591 queries are the samples of 52."""
    rng = np.random.default_rng(0)
    ids = np.concatenate([np.arange(155), rng.integers(0, 52, 539), rng.integers(52, 155, 361)])
    gallery = [sample(pid, rng.integers(1, 5), rng.integers(0, 8), number) for number, pid in enumerate(ids)]
    query = [item for item in gallery if item[1] < 52]
    assert (len(query), len(gallery)) == (591, 1055)
    features = torch.tensor(rng.normal(size=(155, 6))[[item[1] for item in query + gallery]]) + torch.randn(
        1646, 6, generator=torch.Generator().manual_seed(0)
    )
    evaluator = build(tiny_cfg, query, gallery)
    expected = naive(evaluator.plain_distance(features[:591], features[591:]), query, gallery)
    assert evaluator.ranked(features) == {"test": pytest.approx(expected)}
