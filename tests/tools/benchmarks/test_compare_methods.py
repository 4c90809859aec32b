import json

import pytest
import torch
from comparison import report
from comparison.experiment import Claim, Experiment, Row
from comparison.experiments import CLAIMS, EXPERIMENTS
from comparison.frozen import Frozen, keep_trained
from comparison.runs import CONFIGS, Runs
from fastreid.modeling import build_model

from fastreid_mm.settings.load import load_config
from tests.modeling.test_architectures import aligned_batch, vi_batch

METRICS = ("Rank-1", "mAP")
SMALL = Experiment(
    "SYSUMM01",
    "all_search_10shot",
    METRICS,
    epochs=1,
    frozen=2,
    options="IMPORTS ['comparison.shortened'] MODEL.BACKBONE.NAME build_shortened_two_stream MODEL.BACKBONE.STAGES 3 "
    "MODEL.BACKBONE.PRETRAIN False MODEL.BACKBONE.RESNET.NAME resnet10t MODEL.HEADS.PARTS 2 MODEL.HEADS.PART_DIM 8 "
    "INPUT.SIZE_TRAIN [32,16] INPUT.SIZE_TEST [32,16] SOLVER.IMS_PER_BATCH 8 DATALOADER.NUM_INSTANCE 2 ",
    rows={
        "HCT": Row("SYSU/hct"),
        "HCT again": Row("SYSU/hct", "TEST.METRIC euclidean", base="HCT", tests="HCT"),
        "untrained": Row("SYSU/hct", epochs=0),
    },
)


def ends(*values):
    return {str(seed): {"Rank-1": value, "mAP": value} for seed, value in values}


@pytest.mark.parametrize(
    ("base", "options", "batch"),
    [
        ("SYSU/hct.yml", ("MODEL.BACKBONE.RESNET.SPECIFIC_STAGES", 1), vi_batch),
        ("SYSU/hct.yml", ("MODEL.BACKBONE.RESNET.SPECIFIC_STAGES", 3), vi_batch),
        (
            "SYSU/cmtr.yml",
            ("MODEL.CMTR.MODALITY_EMBEDDING", False, "MODEL.LOSSES.NAME", "('CrossEntropyLoss',)"),
            vi_batch,
        ),
        ("RGBNT201/ieee.yml", (), lambda: aligned_batch(3)),
    ],
)
def test_the_frozen_part_and_what_is_trained_above_it_are_the_whole_network(tiny_cfg, base, options, batch):
    model = build_model(tiny_cfg("MODEL.HEADS.NUM_CLASSES", 5, *options, base=base)).eval()
    images = batch()
    with torch.no_grad():
        whole = model(images)
        maps = Frozen(model, 1)(images)
        keep_trained(model, 1)
        assert torch.allclose(model(images | {"images": maps}), whole, atol=1e-5)


def test_each_run_is_made_once_and_the_same_again(sysu_datasets, tmp_path):
    for folder in ("here", "there"):
        runs = Runs("small", SMALL, tmp_path / folder, "")
        runs.add(*runs.reached("HCT", 1))
    here, there = (json.loads((tmp_path / folder / "small.json").read_text()) for folder in ("here", "there"))
    assert here == there and set(here) == {"measured with", "HCT", "HCT again"}
    assert here["HCT"]["1"]["loss_cls"] > 0
    runs = Runs("small", SMALL, tmp_path / "here", "")
    runs.reached = None
    runs.run(["HCT"], [1], jobs=1)  # nothing is left to do


def test_what_was_measured_otherwise_is_refused_and_not_mixed(tmp_path):
    runs = Runs("small", SMALL, tmp_path, "weights.pth")
    runs.add(1, {"HCT": {"mAP": 1.0}})
    with pytest.raises(SystemExit, match=r"small.json was measured with weights 'weights.pth', not 'other.pth'"):
        Runs("small", SMALL, tmp_path, "other.pth").run(["HCT"], [1], jobs=1)


def test_differences_are_paired_by_seed():
    measured = {"HCT": ends((1, 10.0), (2, 20.0), (3, 30.0)), "HCT again": ends((1, 11.0), (2, 23.0), (9, 99.0))}
    assert "| HCT: +2.0 ± 1.0 |  | 3 |" in report.table(SMALL, measured)
    once = measured | {"HCT again": ends((2, 23.0))}
    assert "| HCT again | 23.0 | 23.0 | HCT: +3.0 |  | 1 |" in report.table(SMALL, once)
    assert "| HCT | 20.0 ± 10.0 | 20.0 ± 10.0 |  |  | 3 |" in report.table(SMALL, measured)


def test_a_claim_holds_above_two_standard_errors():
    claim = Claim("it helps", "small", "HCT", "HCT again")
    base = ends((1, 10.0), (2, 10.0))
    for values, answer in (((12.0, 14.0), "yes"), ((9.0, 12.0), "not shown"), ((6.0, 8.0), "no")):
        measured = {"HCT": base, "HCT again": ends(*zip((1, 2), values))}
        assert report.verdict(claim, measured).endswith(f"| 2 | {answer} |")
    assert report.verdict(claim, {"HCT": base, "HCT again": ends((2, 99.0))}).endswith("| +89.0 | 1 | not shown |")


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_row_is_a_config_with_known_options(name):
    experiment = EXPERIMENTS[name]
    for row in experiment.rows.values():
        load_config(str(CONFIGS / f"{row.config}.yml"), [*experiment.options.split(), *row.options.split()])
        assert not row.base or row.base in experiment.rows
        assert not row.tests or row.tests in experiment.rows


def test_claims_are_of_rows():
    for claim in CLAIMS:
        assert {claim.base, claim.method} <= EXPERIMENTS[claim.experiment].rows.keys()
