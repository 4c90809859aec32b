"""Re-ranking, query expansion and ROC by key, on top of every protocol."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

import fastreid_mm.methods  # noqa: F401  registers
from fastreid_mm.common.errors import InputError
from fastreid_mm.common.keys import refuse_odd
from fastreid_mm.data.items import Item
from fastreid_mm.engine import MMTrainer
from fastreid_mm.evaluation import pairwise_distance
from fastreid_mm.evaluation.benchmarks import Market
from fastreid_mm.evaluation.extras import Compared, Expansion, Extras, Reranking
from fastreid_mm.evaluation.side import Ranking, Side
from fastreid_mm.modeling.contract import as_meta_architecture
from fastreid_mm.protocols import build_evaluator
from fastreid_mm.protocols.ranked_lists import nearest_images

KEYS = ("TEST.AQE.ENABLED", True, "TEST.RERANK.ENABLED", True, "TEST.RERANK.K1", 8, "TEST.ROC.ENABLED", True)
EXTRAS = Extras(Expansion(5, 1, 3.0), Reranking(8, 6, 0.3), True)
RATES = {"TPR@FPR=1e-04", "TPR@FPR=1e-03", "TPR@FPR=1e-02"}


def made(protocol, queries=24, images=48, people=6):
    """Identities under cameras that the protocol knows, and features near them."""
    rng = np.random.default_rng(0)
    cameras = {"sysu": ((3, 6), (1, 2, 4, 5))}.get(protocol, ((1, 2), (1, 2, 3)))
    sides = [
        [
            Item(f"{place:04d}.jpg", int(pid), int(rng.choice(cams)), scene=1 + place // people % 3, number=place + 1)
            for place, pid in enumerate(1 + np.arange(size) % people)
        ]
        for size, cams in zip((queries, images), cameras)
    ]
    pids = [item[1] for side in sides for item in side]
    features = rng.normal(size=(people + 1, 8))[pids] + 1.5 * rng.normal(size=(len(pids), 8))
    dataset = SimpleNamespace(
        query=sides[0], gallery=sides[1], protocol=protocol, permutation_file="none", split="test"
    )
    return dataset, torch.from_numpy(features).float()


@pytest.mark.parametrize("protocol", ["sysu", "regdb", "llcm", "market", "msvr310"])
def test_every_protocol_has_them(tiny_cfg, protocol):
    dataset, features = made(protocol)
    plain, extended = (build_evaluator(tiny_cfg("TEST.RANKS", "(1, 3)", *keys), dataset) for keys in ((), KEYS))
    for evaluator in (plain, extended):
        evaluator.process({}, features)
    before, after = plain.evaluate(), extended.evaluate()
    assert before.keys() == after.keys() and plain.extras.notes() == {}
    for setting, metrics in after.items():
        assert metrics.keys() - before[setting].keys() == RATES
        assert metrics["mAP"] != pytest.approx(before[setting]["mAP"])
    assert extended.chance() == plain.chance()  # of the protocol alone
    assert extended.extras == EXTRAS


def test_msvr310s_scenes_are_what_is_hidden_from_neighbourhoods(tiny_cfg):
    dataset, features = made("msvr310")
    evaluator = build_evaluator(tiny_cfg("TEST.RANKS", "(1, 3)", *KEYS), dataset)
    labels = [np.array([item[1] for item in side]) for side in (dataset.query, dataset.gallery)]
    scenes = [np.array([1 + place // 6 % 3 for place in range(len(side))]) for side in (dataset.query, dataset.gallery)]
    compared = Compared(pairwise_distance, lambda found: found, "cosine")
    sides = [Side(*each) for each in zip((features[:24], features[24:]), labels, scenes)]

    def refine(ranking, rule):
        return compared.refined(EXTRAS, ranking, rule)

    expected = Market().evaluate(*sides, pairwise_distance, (1, 3), refine, roc=True)
    assert evaluator.ranked(features) == {"test": pytest.approx(expected["test"])}
    evaluator.features = features
    refined = refine(Ranking(*sides), "market")(slice(0, 24))
    hidden = (labels[0][:, None] == labels[1]) & (scenes[0][:, None] == scenes[1])
    order = refined.masked_fill(torch.from_numpy(hidden), 9).argsort(dim=1, stable=True)
    shown = nearest_images(evaluator, np.array([3, 11]))
    assert shown == [[dataset.gallery[place] for place in order[row, :10]] for row in (3, 11)]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("AQE.QE_K", 1),
        ("AQE.QE_TIME", 0),
        ("AQE.ALPHA", -1.0),
        ("RERANK.K1", 0),
        ("RERANK.K2", 0),
        ("RERANK.LAMBDA", 2.0),
    ],
)
def test_numbers_out_of_range_are_named(tiny_cfg, key, value):
    with pytest.raises(InputError, match=f"TEST.{key} {value} is not"):
        refuse_odd(tiny_cfg(*KEYS, f"TEST.{key}", value))


def test_how_neighbours_expand_is_a_key(tiny_cfg):
    cfg = tiny_cfg(*KEYS, "TEST.RERANK.EXPANSION", "paper")
    dataset, features = made("market")
    found = {}
    for cfg.TEST.RERANK.EXPANSION in ("official", "paper"):
        evaluator = build_evaluator(cfg, dataset)
        found[evaluator.extras.notes()["re-ranking"]] = evaluator.ranked(features)["test"]["mAP"]
    assert list(found) == ["k1 8, k2 6, lambda 0.3", "k1 8, k2 6, lambda 0.3, expansion as printed"]
    assert len(set(found.values())) == 2
    cfg.TEST.RERANK.EXPANSION = "code"
    with pytest.raises(InputError, match="TEST.RERANK.EXPANSION 'code' is not one of official, paper"):
        refuse_odd(cfg)


def test_results_say_that_they_were_on(tiny_cfg, sysu_datasets):
    cfg = tiny_cfg(*KEYS, "TEST.SYSU.GALLERY", "seeded", base="SYSU/agw.yml")
    found = MMTrainer.test(cfg, Means())["SYSUMM01"]["indoor_search_1shot"]
    assert found["re-ranking"] == "k1 8, k2 6, lambda 0.3" and found["query expansion"] == "5 images, 1x, alpha 3.0"
    assert found.keys() >= RATES and found["gallery"] == "seeded draw"


class Means(torch.nn.Module):
    """Features that are the mean colours of eight parts of an image."""

    def forward(self, batch):
        return torch.nn.functional.adaptive_avg_pool2d(batch["images"], (4, 2)).flatten(1)


def test_cmts_queries_have_no_mean(tiny_cfg):
    options = ("TEST.AQE.ENABLED", True, "MODEL.HEADS.NUM_CLASSES", 3)
    with pytest.raises(InputError, match="without ModulationDiscriminative"):
        MMTrainer.build_model(tiny_cfg(*options, base="SYSU/cmt.yml"))
    plain = MMTrainer.build_model(tiny_cfg(*options, "MODEL.LOSSES.NAME", "('CrossEntropyLoss',)", base="SYSU/cmt.yml"))
    assert plain.plain_features(torch.ones(2, 3)).tolist() == [[1, 1, 1]] * 2


def test_features_with_a_distance_of_their_own_have_no_mean():
    model = Means()
    assert as_meta_architecture(model, "cosine").plain_features(torch.ones(1)).item() == 1
    model.pairwise_distance = torch.cdist
    with pytest.raises(InputError, match="a way of its own"):
        as_meta_architecture(model, "cosine").plain_features(torch.ones(1))


def test_samples_that_lack_modalities_have_no_mean(tiny_cfg):
    keys = ("TEST.AQE.ENABLED", True, "MODEL.HEADS.NUM_CLASSES", 3)
    cfg = tiny_cfg(*keys, base="RGBNT201/ieee.yml")
    model = MMTrainer.build_model(cfg)
    whole = torch.ones(2, sum(model.block_sizes) + 3)
    assert model.plain_features(whole).shape == (2, sum(model.block_sizes))
    whole[1, -1] = 0
    with pytest.raises(InputError, match="lack modalities"):
        model.plain_features(whole)
    dataset = SimpleNamespace(query=[("a.jpg", 1, 1, ("x", "y", "z"))], gallery=[("b.jpg", 1, 1, ("x", None, "z"))])
    with pytest.raises(InputError, match="b.jpg lacks a modality"):
        build_evaluator(cfg, dataset)
    with pytest.raises(InputError, match="TEST.MISSING"):
        build_evaluator(tiny_cfg(*keys, "TEST.MISSING", "('TI',)", base="RGBNT201/ieee.yml"), dataset)
