"""The evaluator: gathered features in, the protocol's settings out; and what it finds without features."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from fastreid_mm.common.errors import InputError
from fastreid_mm.data.build import build_dataset
from fastreid_mm.evaluation.rank_metrics import rank_metrics
from fastreid_mm.evaluation.sysu_splits import write_permutation
from fastreid_mm.protocols import build_evaluator


@pytest.fixture
def sysu(sysu_datasets, tiny_cfg):
    cfg = tiny_cfg()
    return cfg, build_dataset(cfg, "SYSUMM01")


def feed(evaluator, features):
    evaluator.reset()
    for chunk in features.split(50):
        evaluator.process({}, chunk)
    return evaluator.evaluate()


def identity_features(items, noise=0.0):
    torch.manual_seed(0)
    pids = torch.tensor([item[1] for item in items])
    return torch.nn.functional.one_hot(pids).float() + noise * torch.randn(len(items), int(pids.max()) + 1)


def test_perfect_features_score_100_everywhere(sysu):
    cfg, dataset = sysu
    results = feed(build_evaluator(cfg, dataset), identity_features(dataset.query + dataset.gallery))
    assert len(results) == 4
    for metrics in results.values():
        assert metrics == {name: pytest.approx(100) for name in ("Rank-1", "Rank-10", "Rank-20", "mAP", "mINP")}


def test_a_permutation_is_used_when_it_is_there_and_said(sysu, tmp_path):
    cfg, dataset = sysu
    dataset.permutation_file = str(tmp_path / "rand_perm_cam.mat")
    rows = {(camera, pid): np.array([[1, 2], [2, 1]] * 5) for camera in (1, 2, 4, 5) for pid in range(9, 31)}
    write_permutation(dataset.permutation_file, rows)
    features = identity_features(dataset.query + dataset.gallery, noise=1.0)
    found = {}
    for choice in ("auto", "official", "seeded"):
        cfg.TEST.SYSU.GALLERY = choice
        evaluator = build_evaluator(cfg, dataset)
        found[evaluator.gallery_source] = feed(evaluator, features)
    assert set(found) == {"the set's own permutation", "seeded draw"}
    official, seeded = found["the set's own permutation"], found["seeded draw"]
    assert official["all_search_1shot"] != seeded["all_search_1shot"]
    assert official["all_search_10shot"] == seeded["all_search_10shot"]  # two images: both draws take all


def test_gallery_images_that_the_permutation_does_not_number_are_named(sysu, tmp_path, warnings):
    cfg, dataset = sysu
    dataset.permutation_file = str(tmp_path / "rand_perm_cam.mat")
    rows = {(camera, pid): np.array([[1, 2]] * 10) for camera in (1, 2, 4, 5) for pid in range(9, 31)}
    rows[2, 9] = np.array([[1]] * 10)
    del rows[4, 10]
    write_permutation(dataset.permutation_file, rows)
    evaluator = build_evaluator(cfg, dataset)
    evaluator.metrics()
    evaluator.chance()
    (message,) = [record.getMessage() for record in warnings]
    assert "does not number 3 images, which are in no gallery, the first: " in message
    assert message.endswith("cam2/0009/0002.jpg")


def test_distractors_are_no_queries_and_stay_wrong_answers(tiny_cfg):
    """Market-1501's identity 0, which fast-reid's and our data sets call junk."""
    query = [("a", 7, 0), ("b", 0, 0), ("c", -1, 0)]
    gallery = [("d", 0, 1), ("e", 7, 1), ("f", -1, 1)]
    dataset = SimpleNamespace(query=query, gallery=gallery, _junk_pids=[0])
    evaluator = build_evaluator(tiny_cfg("TEST.METRIC", "euclidean"), dataset)
    features = torch.tensor([[0.0], [5.0], [5.0], [1.0], [2.0], [0.5]])
    found = evaluator.ranked(features)["test"]
    assert found == {"Rank-1": 0, "mAP": 50, "mINP": 50, "valid_queries": 1}
    assert evaluator.people().tolist() == [0]


def test_results_say_that_they_are_of_validation_identities(sysu):
    cfg, _ = sysu
    cfg.DATASETS.SYSU.SPLIT, cfg.TEST.RANKS = "val", (1,)
    dataset = build_dataset(cfg, "SYSUMM01")
    evaluator = build_evaluator(cfg, dataset)
    assert evaluator.gallery_source == "seeded draw of val identities"
    results = feed(evaluator, identity_features(dataset.query + dataset.gallery))
    assert results["all_search_1shot"]["mAP"] == pytest.approx(100)


def test_another_distance_may_take_the_place_of_the_metric(sysu):
    cfg, dataset = sysu
    features = identity_features(dataset.query + dataset.gallery)
    evaluator = build_evaluator(cfg, dataset)
    evaluator.distance = lambda query, gallery: torch.cdist(-query, gallery)  # turns the order around
    assert feed(evaluator, features)["all_search_1shot"]["Rank-1"] < 10


def test_regdb_ranks_both_directions(monkeypatch, regdb_root, tiny_cfg):
    monkeypatch.setenv("FASTREID_DATASETS", str(regdb_root))
    cfg = tiny_cfg("DATASETS.REGDB.TRIAL", 2, base="RegDB/cmtr.yml")
    dataset = build_dataset(cfg, "RegDB")
    assert dataset.trial == 2
    features = identity_features(dataset.query + dataset.gallery, noise=0.5)
    results = feed(build_evaluator(cfg, dataset), features)
    assert set(results) == {"visible_to_thermal", "thermal_to_visible"}
    visible, thermal = torch.nn.functional.normalize(features, dim=1).split(len(dataset.query))
    pids = np.array([item[1] for item in dataset.query]), np.array([item[1] for item in dataset.gallery])
    zeros = np.zeros(len(pids[0])), np.zeros(len(pids[1]))
    expected = rank_metrics(1 - thermal @ visible.T, pids[1], pids[0], zeros[1], zeros[0], "none", ranks=(1, 10, 20))
    assert results["thermal_to_visible"] == pytest.approx(expected, abs=1e-4)


def test_market_is_the_rule_of_every_other_data_set(sysu):
    cfg, dataset = sysu
    dataset.protocol = "market"
    results = feed(build_evaluator(cfg, dataset), identity_features(dataset.query + dataset.gallery))
    assert results["test"]["Rank-1"] == pytest.approx(100) and results["test"]["valid_queries"] == len(dataset.query)


def test_chance_is_near_what_counting_says(sysu):
    cfg, dataset = sysu
    chance = build_evaluator(cfg, dataset).chance()["all_search_1shot"]
    assert chance["Rank-1"] == pytest.approx(100 / 22, abs=4)  # one identity in 22, in a small sample
    assert chance["Rank-20"] > 80


@pytest.mark.parametrize(
    ("name", "root"),
    [
        ("SYSUMM01", "sysu_root"),
        ("RegDB", "regdb_root"),
        ("LLCM", "llcm_root"),
        ("RGBNT201", "rgbnt201_root"),
        ("MSVR310", "msvr310_root"),
    ],
)
def test_the_metrics_of_a_test_are_known_before_it(tiny_cfg, monkeypatch, request, name, root):
    monkeypatch.setenv("FASTREID_DATASETS", str(request.getfixturevalue(root)))
    cfg = tiny_cfg("DATASETS.NAMES", f"('{name}',)", "DATASETS.TESTS", f"('{name}',)", "TEST.RANKS", "(1, 9, 30, 999)")
    evaluator = build_evaluator(cfg, build_dataset(cfg, name))
    assert evaluator.metrics() == {setting: list(metrics) for setting, metrics in evaluator.chance().items()}


def test_what_no_features_can_rank_is_found_without_them(tiny_cfg):
    query, gallery = [("a", 7, 1), ("b", 8, 1)], [("c", 7, 1), ("d", 9, 2)]
    evaluator = build_evaluator(tiny_cfg(), SimpleNamespace(query=query, gallery=gallery))
    line = "^test set SimpleNamespace: none of the 2 queries has a true gallery image under the rule 'market'$"
    for work in (evaluator.metrics, evaluator.chance):
        with pytest.raises(InputError, match=line):
            work()


@pytest.mark.parametrize(
    ("protocol", "line"),
    [("sysu", "a.jpg has no number, and SYSU goes by numbers"), ("msvr310", "a.jpg has no scene, and MSVR310")],
)
def test_plain_tuples_do_not_know_what_some_protocols_go_by(tiny_cfg, protocol, line):
    dataset = SimpleNamespace(
        query=[("a.jpg", 7, 3)], gallery=[("b.jpg", 7, 1)], protocol=protocol, permutation_file="none", split="test"
    )
    with pytest.raises(InputError, match=f"test set SimpleNamespace: {line}"):
        build_evaluator(tiny_cfg(), dataset)
