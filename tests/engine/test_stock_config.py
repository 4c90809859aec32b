"""A config of fast-reid's own, on sets of one kind of images, with losses by name from here."""

import json
from itertools import product

import pytest
import torch

from fastreid_mm.commands import make_table
from fastreid_mm.common.errors import InputError
from fastreid_mm.engine import MMTrainer
from fastreid_mm.settings.load import load_config
from tests.conftest import write_image

STOCK = """
MODEL:
  META_ARCHITECTURE: Baseline
  DEVICE: cpu
  BACKBONE: {NAME: build_resnet_backbone, DEPTH: 18x, LAST_STRIDE: 1, FEAT_DIM: 512, PRETRAIN: False}
  HEADS: {NAME: EmbeddingHead, NORM: BN, WITH_BNNECK: True, POOL_LAYER: GlobalAvgPool, NECK_FEAT: before}
INPUT: {SIZE_TRAIN: [32, 16], SIZE_TEST: [32, 16]}
DATASETS: {NAMES: ["Market1501"], TESTS: ["Market1501"]}
DATALOADER: {SAMPLER_TRAIN: NaiveIdentitySampler, NUM_INSTANCE: 2, NUM_WORKERS: 0}
SOLVER: {OPT: Adam, BASE_LR: 0.001, MAX_EPOCH: 1, IMS_PER_BATCH: 8, WARMUP_ITERS: 0, STEPS: [1], CHECKPOINT_PERIOD: 1}
TEST: {EVAL_PERIOD: 1, IMS_PER_BATCH: 8}
SEED: 1
"""


@pytest.fixture
def stock(tmp_path, monkeypatch):
    people_of = {"bounding_box_train": range(1, 5), "query": range(5, 9), "bounding_box_test": range(5, 9)}
    for part, people in people_of.items():
        for person, camera in product(people, (1, 2) if part != "query" else (1,)):
            name = f"{person:04d}_c{camera}s1_{100 * camera + (part == 'query'):06d}_00.jpg"
            write_image(tmp_path / "Market-1501-v15.09.15" / part / name, 100 * person + camera)
    write_msmt17(tmp_path / "MSMT17_V1")
    make_table.main([str(tmp_path / "Market-1501-v15.09.15"), "--output", str(tmp_path / "t.csv")])
    monkeypatch.setenv("FASTREID_DATASETS", str(tmp_path))
    (tmp_path / "stock.yml").write_text(STOCK)

    def config(*names, dataset="Market1501"):
        options = ["OUTPUT_DIR", str(tmp_path / "out"), "MODEL.LOSSES.NAME", str(names)]
        options += ["DATASETS.NAMES", f"('{dataset}',)", "DATASETS.TESTS", f"('{dataset}',)"]
        options += ["DATASETS.TABLE.FILE", str(tmp_path / "t.csv")] if dataset == "Table" else []
        return load_config(str(tmp_path / "stock.yml"), options)

    return config


def write_msmt17(folder):
    """MSMT17 with 4 people to train and 4 to test on, each under two cameras."""
    lists = {"train": ("train", (1, 2)), "val": ("train", ()), "query": ("test", (1,)), "gallery": ("test", (1, 2))}
    for name, (part, cameras) in lists.items():
        lines = []
        for person, camera in product(range(4), cameras):
            path = f"{person:04d}/{person:04d}_{name}_{camera:02d}_0303morning_0015_0.jpg"
            write_image(folder / part / path, 100 * person + camera)
            lines.append(f"{path} {person}\n")
        (folder / f"list_{name}.txt").write_text("".join(lines))


@pytest.mark.parametrize(
    "names", [("CrossEntropyLoss", "TripletLoss"), ("CrossEntropyLoss", "WeightedRegularizedTriplet", "CenterLoss")]
)
def test_it_trains_and_is_tested(stock, names, tmp_path):
    trainer = MMTrainer(stock(*names))
    before = {name: value.clone() for name, value in trainer.model.named_parameters() if value.requires_grad}
    trainer.resume_or_load(resume=False)
    trainer.train()
    after = dict(trainer.model.named_parameters())
    assert not [name for name, value in before.items() if torch.equal(value, after[name])]
    assert "mAP" in next(iter(json.loads((tmp_path / "out/results.json").read_text())["Market1501"].values()))
    assert hasattr(trainer.model, "terms") is ("CenterLoss" in names)


@pytest.mark.parametrize("dataset", ["MSMT17", "Table"])
def test_other_sets_of_one_kind_do_too(stock, dataset):
    trainer = MMTrainer(stock("CrossEntropyLoss", "TripletLoss", dataset=dataset))
    trainer.resume_or_load(resume=False)
    results = trainer.train()
    assert results[dataset]["test"]["valid_queries"] == 4


def test_a_set_of_the_hosts_that_is_not_there_is_told_in_a_line(stock, monkeypatch):
    monkeypatch.setenv("FASTREID_DATASETS", "/nowhere")
    for dataset, message in {"MSMT17": "Dataset folder not found", "Market1501": "is not found"}.items():
        with pytest.raises(InputError, match=f"data set {dataset}: .*{message}"):
            MMTrainer(stock("CrossEntropyLoss", dataset=dataset))


def test_what_its_head_does_not_give_is_refused(stock):
    with pytest.raises(InputError, match="MultiModalMargin needs modality_features, which MODEL.HEADS.NAME Embedd"):
        MMTrainer.build_model(stock("CrossEntropyLoss", "MultiModalMargin"))
