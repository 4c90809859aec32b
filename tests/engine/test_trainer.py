"""Every weight moves, and what cannot work is refused before it could."""

import re
import shutil

import pytest
import torch
from fastreid.engine import DefaultTrainer

from fastreid_mm.common.errors import InputError
from fastreid_mm.engine import MMTrainer

pytestmark = pytest.mark.usefixtures("sysu_datasets")


def weights(trainer):
    return {name: value.detach().clone() for name, value in trainer.model.state_dict().items()}


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "AdamW"])
def test_every_weight_moves(tiny_cfg, optimizer):
    """The host's own trainer moves none on a current PyTorch, without a word."""
    trainer = MMTrainer(tiny_cfg("SOLVER.OPT", optimizer, "SOLVER.MAX_EPOCH", 1))
    before = weights(trainer)
    trainer.train()
    after = weights(trainer)
    assert {name for name in before if torch.equal(before[name], after[name])} <= {"heads.neck.bias"}


def test_the_hosts_own_trainer_says_what_to_use_instead(tiny_cfg):
    with pytest.raises(InputError, match="use fastreid_mm.engine.MMTrainer"):
        DefaultTrainer(tiny_cfg())


def test_mixed_precision_on_a_cpu_is_bfloat16(tiny_cfg):
    cfg = tiny_cfg("SOLVER.AMP.ENABLED", True, "SOLVER.MAX_EPOCH", 1)
    trainer, seen = MMTrainer(cfg), set()
    trainer.model.backbone.vit.blocks[0].mlp.fc1.register_forward_hook(lambda _, __, output: seen.add(output.dtype))
    before = weights(trainer)
    trainer.train()
    assert torch.bfloat16 in seen
    assert {name for name, value in weights(trainer).items() if torch.equal(value, before[name])} <= {"heads.neck.bias"}
    assert all(value.dtype == torch.float32 for value in trainer.model.parameters())


def test_flip_testing_averages_both_ways(tiny_cfg):
    trainer = MMTrainer(tiny_cfg("TEST.FLIP.ENABLED", True))
    assert trainer.test(trainer.cfg, trainer.model)["SYSUMM01"]["all_search_1shot"]["mAP"] > 0


def test_a_loss_that_is_not_finite_stops_the_run_and_names_it(tiny_cfg):
    trainer = MMTrainer(tiny_cfg("MODEL.LOSSES.MODALITY_AWARE_CENTER.SCALE", 1e39))
    with pytest.raises(FloatingPointError, match="loss_modality_aware_center"):
        trainer.train()


@pytest.mark.parametrize(
    "options, words",
    [
        (("DATASETS.TESTS", "('RegDB',)"), "RegDB"),
        (("DATASETS.TESTS", "('Nowhere',)"), "Nowhere"),
        (("TEST.SYSU.GALLERY", "official"), "rand_perm_cam.mat"),
        (("TEST.SYSU.GALLERY", "random"), "TEST.SYSU.GALLERY 'random'"),
        (("TEST.METRIC", "jaccard"), "jaccard"),
        (("MODEL.HEADS.NUM_CLASSES", "7"), "MODEL.HEADS.NUM_CLASSES 7 is less than the 8 training identities"),
        (("SOLVER.IMS_PER_BATCH", "40"), "needs 10 identities, the training set has 8"),
        (
            ("SOLVER.IMS_PER_BATCH", "4"),
            "SOLVER.IMS_PER_BATCH 4 has 1 identity, CMTR needs 2: with DATALOADER.NUM_INSTANCE 2 it is to be 8 or more",
        ),
        (
            ("SOLVER.IMS_PER_BATCH", "2", "DATALOADER.SAMPLER_TRAIN", "NaiveIdentitySampler"),
            "SOLVER.IMS_PER_BATCH 2 has 1 identity",
        ),
    ],
)
def test_what_cannot_work_is_refused_before_training(tiny_cfg, options, words):
    with pytest.raises(InputError, match=re.escape(words)):
        MMTrainer(tiny_cfg(*options))


@pytest.mark.parametrize("sampler", ["NaiveIdentitySampler", "CrossModalityIdentitySampler"])
def test_the_hosts_own_architecture_trains_and_tests_too(tiny_cfg, sampler):
    trainer = MMTrainer(
        tiny_cfg(
            "DATASETS.NAMES",
            "('SYSUMM01',)",
            "DATASETS.TESTS",
            "('SYSUMM01',)",
            "MODEL.BACKBONE.DEPTH",
            "18x",
            "MODEL.BACKBONE.FEAT_DIM",
            512,
            "DATALOADER.SAMPLER_TRAIN",
            sampler,
            "SOLVER.MAX_EPOCH",
            1,
            "TEST.FLIP.ENABLED",
            True,
            base="Base-VI.yml",
        )
    )
    before = weights(trainer)
    trainer.train()
    assert not [name for name, value in weights(trainer).items() if torch.equal(value, before[name])]
    batch = {"images": torch.rand(2, 3, 32, 16) * 255}
    kept = batch["images"].clone()
    trainer.model.eval()(batch)
    assert torch.equal(batch["images"], kept)  # flip testing would normalise it a second time


def test_a_gallery_smaller_than_a_rank_leaves_it_out(tiny_cfg, sysu_root, tmp_path, monkeypatch):
    shutil.copytree(sysu_root, tmp_path / "data")
    (tmp_path / "data" / "SYSU-MM01" / "exp" / "test_id.txt").write_text("9,10")
    monkeypatch.setenv("FASTREID_DATASETS", str(tmp_path / "data"))
    (found,) = MMTrainer.check_test_sets(tiny_cfg()).values()
    assert found["all_search_1shot"] == ["Rank-1", "mAP", "mINP"]
    assert found["all_search_10shot"] == ["Rank-1", "Rank-10", "mAP", "mINP"]
    (found,) = MMTrainer.check_test_sets(tiny_cfg("TEST.RANKS", "(1, 3)")).values()
    assert found["all_search_1shot"] == ["Rank-1", "Rank-3", "mAP", "mINP"]
