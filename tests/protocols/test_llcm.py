"""LLCM's protocol, from expectations written out by hand and from a loop over queries at full size."""

import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from fastreid_mm.data.build import build_dataset
from fastreid_mm.evaluation import llcm
from fastreid_mm.protocols import build_evaluator
from tests.protocols.test_evaluators import identity_features

# Name, identity, camera. Identity 1 has two images under camera 1, the only ones that are drawn from.
INFRARED = [("a", 1, 1), ("b", 1, 1), ("a", 1, 2), ("a", 2, 2), ("a", 2, 4), ("a", 3, 2)]
VISIBLE = [("a", 1, 1), ("b", 1, 1), ("a", 1, 3), ("a", 2, 1), ("a", 2, 2), ("a", 3, 2)]
DISTANCE = torch.tensor(
    [
        [1, 1, 4, 3, 2, 5],
        [2, 2, 1, 3, 4, 5],
        [1, 6, 4, 2, 3, 5],
        [4, 4, 5, 3, 1, 2],
        [1, 1, 4, 1, 5, 3],
        [3, 3, 3, 3, 3, 1],
    ]
)
DRAWN = "baaaababab"
"""Python's first choice of two with the seeds 0 to 9."""


def build(tiny_cfg, infrared, visible, *options):
    return build_evaluator(tiny_cfg(*options), SimpleNamespace(query=infrared, gallery=visible, protocol="llcm"))


def mean_of_draws(**queries):
    """Metrics of (rank of the identity, average precision, inverse penalty) of each query that counts."""
    found = np.array([queries[drawn] for drawn in DRAWN])  # (10, valid, 3)
    ranks = {f"Rank-{k}": (found[..., 0] <= k).mean() for k in (1, 2, 3)}
    shares = ranks | {"mAP": found[..., 1].mean(), "mINP": found[..., 2].mean()}
    return pytest.approx({name: 100 * share for name, share in shares.items()} | {"valid_queries": found.shape[1]})


def test_both_directions_by_hand(tiny_cfg):
    both = torch.zeros(12, 12).long()
    both[:6, 6:], both[6:, :6] = DISTANCE, DISTANCE.T
    evaluator = build(tiny_cfg, INFRARED, VISIBLE, "TEST.RANKS", "(1, 2, 3)")
    evaluator.distance = lambda query, gallery: both[query][:, gallery]
    results = evaluator.ranked(torch.arange(12))
    # What follows a query is the order of its gallery: identity.camera. Identity 3 has but the query's own camera.
    always = [
        (2, 1 / 3, 1 / 3),  # 1.1: 2.2 2.1 1.3 3.2, without the nearest, 1.1
        (1, 1, 1),  # 1.1: 1.3 2.1 2.2 3.2, likewise
        (2, 1 / 2, 1 / 2),  # 2.2: 3.2 2.1 1.1 1.3, without 2.2, but not without the other of that camera
        (2, (1 / 2 + 2 / 5) / 2, 2 / 5),  # 2.4: 1.1 2.1 3.2 1.3 2.2, the first two equally near
    ]
    assert results["infrared_to_visible"] == mean_of_draws(
        a=[(1, (1 + 2 / 4) / 2, 2 / 4), *always],  # 1.2: 1.1 2.1 2.2 1.3 3.2
        b=[(2, (1 / 3 + 2 / 5) / 2, 2 / 5), *always],  # 1.2: 2.1 2.2 1.3 3.2 1.1, and identity 2 is one
    )
    always = [
        (1, 1, 1),  # 1.1: 1.2 2.4 3.2 2.2, the first two equally near
        (3, 1 / 4, 1 / 4),  # 1.1: 2.4 3.2 2.2 1.2
        (1, (1 + 2 / 4) / 2, 2 / 4),  # 2.1: 2.4 1.2 1.1 2.2 3.2, the last three equally near
        (3, 1 / 4, 1 / 4),  # 2.2: identity 1 twice and 3.2 between them or behind, then 2.4
    ]
    assert results["visible_to_infrared"] == mean_of_draws(
        a=[(2, (1 / 2 + 2 / 3) / 2, 2 / 3), *always],  # 1.3: 3.2 1.1 1.2 2.4 2.2
        b=[(1, (1 + 2 / 3) / 2, 2 / 3), *always],  # 1.3: 1.1 3.2 1.2 2.4 2.2
    )
    assert results["infrared_to_visible"]["valid_queries"] == 5
    assert results["drawn_infrared_to_visible"]["valid_queries"] == 4  # one of two images of identity 1, camera 1
    assert evaluator.shown_gallery().tolist() == [1, 2, 3, 4, 5]  # trial 0 draws "b"


def full_size(seed, count, cameras):
    """As many images as LLCM tests on, of 351 identities, each under one to five cameras."""
    rng = np.random.default_rng(seed)
    seen = [rng.choice(cameras, rng.integers(1, 6), replace=False) for _ in range(351)]
    ids = np.concatenate([np.arange(351), rng.integers(0, 351, count - 351)])
    return [(f"{number:05d}.jpg", int(pid), int(rng.choice(seen[pid]))) for number, pid in enumerate(ids)]


def naive(distance, query, gallery, trial):
    """One query at a time, by counting what is nearer."""
    random.seed(trial)
    folders = {}
    for column, (_, pid, camera) in enumerate(gallery):
        folders.setdefault((pid, camera), []).append(column)
    drawn = [(*folder, random.choice(folders[folder])) for folder in sorted(folders)]
    ids, distance = np.array([pid for pid, _, _ in drawn]), distance[:, [column for _, _, column in drawn]]
    cameras = {}
    for place, (pid, camera, _) in enumerate(drawn):
        cameras.setdefault(pid, {})[camera] = place
    scores = []
    for row, (_, pid, camera) in zip(distance, query):
        if camera in cameras[pid]:
            row[cameras[pid][camera]] = np.inf
        true = sorted(row[place] for other, place in cameras[pid].items() if other != camera)
        if true:
            others = len(set(ids[row < true[0]].tolist()))
            ranks = [np.count_nonzero(row <= value) for value in true]
            precision = sum(number / rank for number, rank in enumerate(ranks, 1)) / len(ranks)
            scores.append([others < 1, others < 10, others < 20, precision, len(ranks) / ranks[-1]])
    means = dict(zip(["Rank-1", "Rank-10", "Rank-20", "mAP", "mINP"], 100 * np.mean(scores, axis=0)))
    return means | {"valid_queries": len(scores)}


def swapped_sides(distance, infrared, visible, trial):
    """The set's own code of that mode: drawn infrared images ask, one at a time, all visible ones."""
    random.seed(trial)
    folders = {}
    for row, (_, pid, camera) in enumerate(infrared):
        folders.setdefault((pid, camera), []).append(row)
    ids, cameras = (np.array([item[index] for item in visible]) for index in (1, 2))
    scores = []
    for pid, camera in sorted(folders):
        row = distance[random.choice(folders[pid, camera])]
        order = np.argsort(row, kind="stable")
        order = order[(ids[order] != pid) | (cameras[order] != camera)]
        true = np.flatnonzero(ids[order] == pid)
        if len(true):
            scores.append([true[0] == 0, np.mean(np.arange(1, len(true) + 1) / (true + 1))])
    return dict(zip(("Rank-1", "mAP"), 100 * np.mean(scores, axis=0)))


def test_a_loop_at_full_size_agrees(tiny_cfg, monkeypatch):
    monkeypatch.setattr(llcm, "TRIALS", 1)
    infrared, visible = full_size(0, 7166, [1, 2, 4, 5, 6, 7, 8, 9]), full_size(1, 8680, range(1, 10))
    people, noise = np.random.default_rng(2).normal(size=(351, 4)), np.random.default_rng(3)
    features = torch.tensor([[*people[pid] + 0.5 * noise.normal(size=4)] for _, pid, _ in infrared + visible]).float()
    distances = []

    def distance(query, gallery):
        distances.append(query.neg() @ gallery.T)
        return distances[-1]

    evaluator = build(tiny_cfg, infrared, visible)
    evaluator.distance = distance
    results = evaluator.ranked(features)
    rows = torch.cat([block for block in distances if block.shape[1] == 8680]).numpy()  # and those of the last setting
    columns = torch.cat([block for block in distances if block.shape[1] == 7166]).numpy()
    swapped = swapped_sides(rows[:7166], infrared, visible, 0)
    assert {key: results["drawn_infrared_to_visible"][key] for key in swapped} == pytest.approx(swapped)
    assert results["infrared_to_visible"] == pytest.approx(naive(rows[:7166], infrared, visible, 0))
    assert results["visible_to_infrared"] == pytest.approx(naive(columns, visible, infrared, 0))
    assert results["infrared_to_visible"]["valid_queries"] < 7166


def test_perfect_features_score_100_on_a_set_of_files(tiny_cfg, llcm_root, monkeypatch):
    monkeypatch.setenv("FASTREID_DATASETS", str(llcm_root))
    cfg = tiny_cfg(base="LLCM/agw.yml")
    dataset = build_dataset(cfg, "LLCM")
    evaluator = build_evaluator(cfg, dataset)
    results = evaluator.ranked(identity_features(dataset.query + dataset.gallery))
    perfect = dict.fromkeys(["Rank-1", "Rank-10", "Rank-20", "mAP", "mINP"], 100)
    # 8 identities under three cameras, two images each; two of them under camera 3, which has no infrared ones
    assert results == {
        "infrared_to_visible": pytest.approx({**perfect, "valid_queries": 44}),
        "visible_to_infrared": pytest.approx({**perfect, "valid_queries": 48}),
        "drawn_infrared_to_visible": pytest.approx({**perfect, "valid_queries": 22}),
    }
