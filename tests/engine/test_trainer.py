import json
import os
import re
import shutil

import pytest
import torch
from fastreid.engine import hooks
from PIL import Image

import fastreid_mm.modeling  # noqa: F401  registers
from fastreid_mm.engine import MMTrainer
from fastreid_mm.engine.setup import seed_everything
from fastreid_mm.errors import InputError


@pytest.fixture(autouse=True)
def datasets(monkeypatch, sysu_root):
    monkeypatch.setenv("FASTREID_DATASETS", str(sysu_root))


def make_trainer(cfg) -> MMTrainer:
    os.makedirs(cfg.OUTPUT_DIR, exist_ok=True)
    seed_everything(cfg.SEED, 0)
    return MMTrainer(cfg)


def weights(trainer):
    return {name: value.detach().clone() for name, value in trainer.model.state_dict().items()}


def losses(cfg):
    with open(f"{cfg.OUTPUT_DIR}/metrics.json") as file:
        return [line["total_loss"] for line in map(json.loads, file) if "total_loss" in line]


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "AdamW"])
def test_every_weight_moves(tiny_cfg, optimizer):
    """The host's own trainer moves none on a current PyTorch, without a word."""
    trainer = make_trainer(tiny_cfg("SOLVER.OPT", optimizer, "SOLVER.MAX_EPOCH", 1))
    before = weights(trainer)
    trainer.train()
    after = weights(trainer)
    assert {name for name in before if torch.equal(before[name], after[name])} <= {"neck.bias"}


def test_same_seed_same_weights_and_another_seed_others(tiny_cfg):
    runs = []
    for seed, output in ((7, "a"), (7, "b"), (8, "c")):
        trainer = make_trainer(tiny_cfg("SEED", seed, output=output))
        trainer.train()
        runs.append(weights(trainer))
    assert all(torch.equal(runs[0][name], runs[1][name]) for name in runs[0])
    assert not torch.equal(runs[0]["classifier.weight"], runs[2]["classifier.weight"])


class StopAt(hooks.HookBase):
    def __init__(self, epoch):
        self.epoch = epoch

    def before_epoch(self):
        if self.trainer.epoch == self.epoch:
            raise RuntimeError("power cut")


@pytest.mark.parametrize("options", [(), ("SOLVER.WARMUP_ITERS", 15, "TEST.EVAL_PERIOD", 1),
                                     ("SOLVER.SCHED", "CosineAnnealingLR"), ("DATALOADER.NUM_WORKERS", 2),
                                     ("MODEL.FREEZE_LAYERS", "['backbone']", "SOLVER.FREEZE_ITERS", 14)])
def test_resuming_equals_never_having_stopped(tiny_cfg, options):
    whole = make_trainer(tiny_cfg("SOLVER.MAX_EPOCH", 3, *options, output="whole"))
    results = whole.train()
    cut = make_trainer(tiny_cfg("SOLVER.MAX_EPOCH", 3, *options, output="cut"))
    cut.register_hooks([StopAt(1)])
    with pytest.raises(RuntimeError, match="power cut"):
        cut.train()
    resumed = make_trainer(tiny_cfg("SOLVER.MAX_EPOCH", 3, *options, output="cut"))
    resumed.resume_or_load(resume=True)
    assert resumed.start_epoch == 1
    assert resumed.train() == results
    expected = weights(whole)
    assert all(torch.equal(value, expected[name]) for name, value in weights(resumed).items())


def test_testing_in_between_changes_nothing(tiny_cfg):
    often, never = (make_trainer(tiny_cfg("TEST.EVAL_PERIOD", period, output=f"every{period}")) for period in (1, 0))
    assert often.train() == never.train()


def test_new_steps_win_over_the_checkpoints(tiny_cfg):
    make_trainer(tiny_cfg("SOLVER.MAX_EPOCH", 1)).train()
    trainer = make_trainer(tiny_cfg("SOLVER.STEPS", "[2]"))
    trainer.resume_or_load(resume=True)
    assert {group["lr"] for group in trainer.optimizer.param_groups} == {1e-3}  # was a tenth after step 1
    assert dict(trainer.scheduler["lr_sched"].milestones) == {2: 1}


def test_a_finished_run_is_only_tested(tiny_cfg):
    results = make_trainer(tiny_cfg()).train()
    again = make_trainer(tiny_cfg())
    again.resume_or_load(resume=True)
    assert again.train() == results


def test_other_epochs_than_the_checkpoints_are_refused(tiny_cfg):
    make_trainer(tiny_cfg("SOLVER.MAX_EPOCH", 1)).train()
    trainer = make_trainer(tiny_cfg("SOLVER.IMS_PER_BATCH", 8))
    with pytest.raises(InputError, match=r"model_final.pth was made after \d+ iterations, 1 epochs .* are \d+"):
        trainer.resume_or_load(resume=True)


def test_results_checkpoints_and_events_are_there_and_no_best_model(tiny_cfg, tmp_path):
    cfg = tiny_cfg("TEST.RANKED_LISTS", 3, "TEST.REFERENCES", True)
    trainer = make_trainer(cfg)
    results = trainer.train()
    settings = {f"{mode}_search_{shots}shot" for mode in ("all", "indoor") for shots in (1, 10)}
    for found in (results, trainer.references["untrained"], trainer.references["chance"]):
        assert set(found) == {"SYSUMM01"} and set(found["SYSUMM01"]) == settings
        for metrics in found["SYSUMM01"].values():
            assert set(metrics) == {"Rank-1", "Rank-10", "Rank-20", "mAP", "mINP", "gallery"}
            assert metrics["gallery"] == "seeded draw"  # no rand_perm_cam.mat in this set
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"model_0000.pth", "model_final.pth", "last_checkpoint", "metrics.json"} <= names
    assert any(name.startswith("events.out.tfevents") for name in names)
    assert not any("best" in name or name.endswith(".part") for name in names)
    picture = Image.open(tmp_path / "out" / "ranked_lists_SYSUMM01.png")
    assert picture.size[0] > 10 * 64 and picture.size[1] > 3 * 128


def test_mixed_precision_on_a_cpu_is_bfloat16(tiny_cfg):
    cfg = tiny_cfg("SOLVER.AMP.ENABLED", True, "SOLVER.MAX_EPOCH", 1)
    trainer, seen = make_trainer(cfg), set()
    trainer.model.backbone.vit.blocks[0].mlp.fc1.register_forward_hook(lambda _, __, output: seen.add(output.dtype))
    before = weights(trainer)
    trainer.train()
    assert torch.bfloat16 in seen
    assert {name for name, value in weights(trainer).items() if torch.equal(value, before[name])} <= {"neck.bias"}
    assert all(value.dtype == torch.float32 for value in trainer.model.parameters())


def test_frozen_layers_stay_for_as_long_as_they_should(tiny_cfg):
    options = ("MODEL.FREEZE_LAYERS", "['backbone']", "SOLVER.MAX_EPOCH", 1)
    frozen = make_trainer(tiny_cfg(*options, "SOLVER.FREEZE_ITERS", 1000, output="long"))
    before = weights(frozen)
    frozen.train()
    after = weights(frozen)
    assert all(torch.equal(after[name], before[name]) for name in after if name.startswith("backbone."))
    assert not torch.equal(after["classifier.weight"], before["classifier.weight"])


def test_flip_testing_averages_both_ways(tiny_cfg):
    trainer = make_trainer(tiny_cfg("TEST.FLIP.ENABLED", True))
    assert trainer.test(trainer.cfg, trainer.model)["SYSUMM01"]["all_search_1shot"]["mAP"] > 0


def test_a_loss_that_is_not_finite_stops_the_run_and_names_it(tiny_cfg):
    trainer = make_trainer(tiny_cfg("MODEL.CMTR.LAMBDA", 1e39))
    with pytest.raises(FloatingPointError, match="loss_mac"):
        trainer.train()


@pytest.mark.parametrize("options, words", [
    (("DATASETS.TESTS", "('RegDB',)"), "RegDB"),
    (("DATASETS.TESTS", "('Nowhere',)"), "Nowhere"),
    (("TEST.SYSU.GALLERY", "official"), "rand_perm_cam.mat"),
    (("TEST.SYSU.GALLERY", "random"), "TEST.SYSU.GALLERY 'random'"),
    (("TEST.METRIC", "jaccard"), "jaccard"),
    (("SOLVER.IMS_PER_BATCH", "40"), "needs 10 identities, the training set has 8"),
])
def test_what_cannot_work_is_refused_before_training(tiny_cfg, options, words):
    with pytest.raises(InputError, match=re.escape(words)):
        make_trainer(tiny_cfg(*options))


@pytest.mark.parametrize("sampler", ["NaiveIdentitySampler", "CrossModalityIdentitySampler"])
def test_the_hosts_own_architecture_trains_and_tests_too(tiny_cfg, sampler):
    trainer = make_trainer(tiny_cfg(
        "MODEL.META_ARCHITECTURE", "Baseline", "MODEL.BACKBONE.NAME", "build_resnet_backbone",
        "MODEL.BACKBONE.DEPTH", "18x", "MODEL.BACKBONE.FEAT_DIM", 512, "MODEL.BACKBONE.STRIDE_SIZE", "(16, 16)",
        "DATALOADER.SAMPLER_TRAIN", sampler, "SOLVER.MAX_EPOCH", 1, "TEST.FLIP.ENABLED", True))
    before = weights(trainer)
    trainer.train()
    assert not [name for name, value in weights(trainer).items() if torch.equal(value, before[name])]
    batch = {"images": torch.rand(2, 3, 32, 16) * 255}
    kept = batch["images"].clone()
    trainer.model.eval()(batch)
    assert torch.equal(batch["images"], kept)  # flip testing would normalise it a second time


def test_a_gallery_smaller_than_a_rank_is_refused_before_training(tiny_cfg, sysu_root, tmp_path, monkeypatch):
    shutil.copytree(sysu_root, tmp_path / "data")
    (tmp_path / "data" / "SYSU-MM01" / "exp" / "test_id.txt").write_text("9,10")
    monkeypatch.setenv("FASTREID_DATASETS", str(tmp_path / "data"))
    with pytest.raises(InputError, match="Rank-10 .* the gallery has 8 images"):
        make_trainer(tiny_cfg())
