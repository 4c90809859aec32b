"""Aligned modalities from files to a ranked test set, with any of them missing."""

import os

import pytest
import torch

import fastreid_mm.methods  # noqa: F401  registers
from fastreid_mm.common.errors import InputError
from fastreid_mm.engine import MMTrainer
from fastreid_mm.engine.setup import seed_everything

SETS = {
    "RGBNT201/ieee.yml": "rgbnt201_root",
    "RGBN300/mutualformer.yml": "rgbn300_root",
    "RGBN300/hamnet.yml": "rgbn300_root",
}


@pytest.fixture
def trainer(request, monkeypatch, tiny_cfg):
    def make(base, *options):
        monkeypatch.setenv("FASTREID_DATASETS", str(request.getfixturevalue(SETS[base])))
        size = "[16, 32]" if base.startswith("RGBN300") else "[32, 16]"
        cfg = tiny_cfg(
            "INPUT.SIZE_TRAIN",
            size,
            "INPUT.SIZE_TEST",
            size,
            "SOLVER.MAX_EPOCH",
            1,
            "SOLVER.IMS_PER_BATCH",
            8,
            *options,
            base=base,
        )
        os.makedirs(cfg.OUTPUT_DIR, exist_ok=True)
        seed_everything(cfg.SEED, 0)
        return MMTrainer(cfg)

    return make


def weights(trainer):
    return {name: value.detach().clone() for name, value in trainer.model.state_dict().items()}


@pytest.mark.parametrize("base", SETS)
def test_every_weight_moves_and_the_result_is_a_ranking(trainer, base):
    run = trainer(base, "TEST.RANKED_LISTS", 2)
    before = weights(run)
    (settings,) = run.train().values()
    assert 0 < settings["test"]["mAP"] <= 100 and settings["test"]["gallery"] == "all images"
    assert set(settings["test"]) >= {"Rank-1", "Rank-5", "Rank-10", "Rank-20", "mAP", "mINP"}
    after = weights(run)
    still = {name for name in before if torch.equal(before[name], after[name])}
    assert all(name.startswith("heads.necks.") and name.endswith(".bias") for name in still)
    assert any(name.startswith("ranked_lists_") for name in os.listdir(run.cfg.OUTPUT_DIR))


@pytest.mark.parametrize(
    "base, modalities", [("RGBNT201/ieee.yml", ("RGB", "NI", "TI")), ("RGBN300/mutualformer.yml", ("RGB", "NIR"))]
)
def test_a_run_with_each_modality_missing_ranks(trainer, base, modalities):
    found = set()
    for missing in modalities:
        run = trainer(base, "TEST.MISSING", f"('{missing}',)")
        (settings,) = run.test(run.cfg, run.model).values()
        found.add(settings["test"]["mAP"])
        assert 5 < settings["test"]["mAP"] <= 100  # eight identities, every one of them is there
    assert len(found) == len(modalities)


def test_two_modalities_of_three_train(trainer):
    run = trainer("RGBNT201/ieee.yml", "DATASETS.ALIGNED.MODALITIES", "('RGB', 'TI')")
    assert run.train()["RGBNT201"]["test"]["mAP"] > 5


def test_what_does_not_go_together_is_refused_before_training(trainer):
    for base, options, named in [
        ("RGBNT201/ieee.yml", ("TEST.MISSING", "('NIR',)"), "TEST.MISSING"),
        ("RGBNT201/ieee.yml", ("TEST.MISSING", "('RGB', 'NI', 'TI')"), "TEST.MISSING"),
        ("RGBNT201/ieee.yml", ("DATASETS.ALIGNED.MODALITIES", "('RGB', 'NIR')"), "DATASETS.ALIGNED.MODALITIES"),
        ("RGBNT201/ieee.yml", ("DATALOADER.SAMPLER_TRAIN", "CrossModalityIdentitySampler"), "SAMPLER_TRAIN"),
    ]:
        with pytest.raises(InputError, match=named):
            trainer(base, *options)
