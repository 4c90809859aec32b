"""A config of fast-reid's own, on Market-1501's layout, with losses by name from here."""

import json
from itertools import product

import pytest
import torch

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
    monkeypatch.setenv("FASTREID_DATASETS", str(tmp_path))
    (tmp_path / "stock.yml").write_text(STOCK)

    def config(*names):
        options = ["OUTPUT_DIR", str(tmp_path / "out"), "MODEL.LOSSES.NAME", str(names)]
        return load_config(str(tmp_path / "stock.yml"), options)

    return config


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


def test_what_its_head_does_not_give_is_refused(stock):
    with pytest.raises(InputError, match="MultiModalMargin needs modality_features, which MODEL.HEADS.NAME Embedd"):
        MMTrainer.build_model(stock("CrossEntropyLoss", "MultiModalMargin"))
