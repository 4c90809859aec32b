"""The same run again, and a run that goes on at a checkpoint."""

import shutil
from itertools import product
from pathlib import Path

import pytest
import torch
from fastreid.engine import hooks

from fastreid_mm.common.errors import InputError
from fastreid_mm.engine import MMTrainer
from fastreid_mm.settings.load import load_config

pytestmark = pytest.mark.usefixtures("sysu_datasets")


def weights(trainer):
    return {name: value.detach().clone() for name, value in trainer.model.state_dict().items()}


def test_same_seed_same_weights_and_another_seed_others(tiny_cfg):
    runs = []
    for seed, output in ((7, "a"), (7, "b"), (8, "c")):
        trainer = MMTrainer(tiny_cfg("SEED", seed, output=output))
        trainer.train()
        runs.append(weights(trainer))
    assert all(torch.equal(runs[0][name], runs[1][name]) for name in runs[0])
    assert not torch.equal(runs[0]["heads.classifier.weight"], runs[2]["heads.classifier.weight"])


class StopAt(hooks.HookBase):
    def __init__(self, epoch):
        self.epoch = epoch

    def before_epoch(self):
        if self.trainer.epoch == self.epoch:
            raise RuntimeError("power cut")


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("SOLVER.WARMUP_ITERS", 15, "TEST.EVAL_PERIOD", 1),
        ("SOLVER.SCHED", "CosineAnnealingLR"),
    ],
)
def test_resuming_equals_never_having_stopped(tiny_cfg, options):
    whole = MMTrainer(tiny_cfg("SOLVER.MAX_EPOCH", 3, *options, output="whole"))
    results = whole.train()
    cut = MMTrainer(tiny_cfg("SOLVER.MAX_EPOCH", 3, *options, output="cut"))
    cut.register_hooks([StopAt(1)])
    with pytest.raises(RuntimeError, match="power cut"):
        cut.train()
    resumed = MMTrainer(tiny_cfg("SOLVER.MAX_EPOCH", 3, *options, output="cut"))
    resumed.resume_or_load(resume=True)
    assert resumed.start_epoch == 1
    assert resumed.train() == results
    expected = weights(whole)
    assert all(torch.equal(value, expected[name]) for name, value in weights(resumed).items())


def test_testing_in_between_changes_nothing(tiny_cfg):
    often, never = (MMTrainer(tiny_cfg("TEST.EVAL_PERIOD", period, output=f"every{period}")) for period in (1, 0))
    assert often.train() == never.train()


def test_a_drawn_seed_is_the_checkpoints_when_resuming(tiny_cfg):
    """Precise BatchNorm's batches follow from it too."""
    options = ("TEST.PRECISE_BN.ENABLED", True, "TEST.PRECISE_BN.NUM_ITER", 2)
    whole = MMTrainer(tiny_cfg("SEED", -1, *options, output="whole"))
    whole.train()
    cut = MMTrainer(tiny_cfg("SEED", whole.cfg.SEED, *options, output="cut"))
    cut.register_hooks([StopAt(1)])
    with pytest.raises(RuntimeError, match="power cut"):
        cut.train()
    resumed = MMTrainer(tiny_cfg("SEED", -1, *options, output="cut"))
    assert resumed.cfg.SEED != whole.cfg.SEED
    resumed.resume_or_load(resume=True)
    resumed.train()
    assert resumed.cfg.SEED == load_config(f"{resumed.cfg.OUTPUT_DIR}/config.yaml", []).SEED == whole.cfg.SEED
    expected = weights(whole)
    assert all(torch.equal(value, expected[name]) for name, value in weights(resumed).items())


def test_new_steps_win_over_the_checkpoints(tiny_cfg):
    MMTrainer(tiny_cfg("SOLVER.MAX_EPOCH", 1)).train()
    trainer = MMTrainer(tiny_cfg("SOLVER.STEPS", "[2]"))
    trainer.resume_or_load(resume=True)
    assert {group["lr"] for group in trainer.optimizer.param_groups} == {1e-3}  # was a tenth after step 1
    assert dict(trainer.scheduler["lr_sched"].milestones) == {2: 1}


def test_a_finished_run_is_only_tested(tiny_cfg):
    results = MMTrainer(tiny_cfg()).train()
    again = MMTrainer(tiny_cfg())
    again.resume_or_load(resume=True)
    assert again.train() == results


def test_other_epochs_than_the_checkpoints_are_refused(tiny_cfg):
    MMTrainer(tiny_cfg("SOLVER.MAX_EPOCH", 1)).train()
    trainer = MMTrainer(tiny_cfg("SOLVER.IMS_PER_BATCH", 8))
    with pytest.raises(InputError, match=r"model_final.pth was made after \d+ iterations, with 1 finished .* have \d+"):
        trainer.resume_or_load(resume=True)


def test_solver_keys_that_have_no_effect_when_resuming_are_named(tiny_cfg, log):
    """Rates and weight decay are part of the optimiser's state, which is the checkpoint's."""
    first = MMTrainer(tiny_cfg())
    first.save("model_0000", 1, first.iters_per_epoch)
    MMTrainer(tiny_cfg("SOLVER.MAX_EPOCH", 3)).resume_or_load(resume=True)
    assert not [message for message in log if "has no effect" in message]
    again = MMTrainer(tiny_cfg("SOLVER.BASE_LR", 7.0))
    again.resume_or_load(resume=True)
    was = first.cfg.SOLVER.BASE_LR
    assert f"SOLVER.BASE_LR 7.0 has no effect when resuming: the checkpoint's {was} is used" in log
    assert max(group["lr"] for group in again.optimizer.param_groups) < 7
    other = "SGD" if first.cfg.SOLVER.OPT != "SGD" else "Adam"
    with pytest.raises(InputError, match=f"SOLVER.OPT {other}: the checkpoint to resume is of {first.cfg.SOLVER.OPT}"):
        MMTrainer(tiny_cfg("SOLVER.OPT", other)).resume_or_load(resume=True)


def test_another_training_list_is_told_when_resuming(tiny_cfg, log, sysu_root, monkeypatch, tmp_path):
    """One image has another name, and there are as many as before."""
    root = tmp_path / "data"
    shutil.copytree(sysu_root, root)
    monkeypatch.setenv("FASTREID_DATASETS", str(root))
    first = MMTrainer(tiny_cfg())
    first.save("model_0000", 1, first.iters_per_epoch)
    first.resume_or_load(resume=True)
    assert not [message for message in log if "training list" in message]
    image = Path(first.data_loader.dataset.img_items[0][0])
    image.rename(image.with_name("0999.jpg"))
    MMTrainer(tiny_cfg()).resume_or_load(resume=True)
    assert [message for message in log if message.startswith("The training list differs from the checkpoint's")]


@pytest.mark.parametrize(
    "options, words",
    [
        (("SOLVER.WARMUP_ITERS", 5), "SOLVER.WARMUP_ITERS 5: the checkpoint to resume is of 0"),
        (("SOLVER.DELAY_EPOCHS", 1), "SOLVER.DELAY_EPOCHS 1: the checkpoint to resume is of 0"),
        (("SOLVER.SCHED", "CosineAnnealingLR"), "SOLVER.SCHED CosineAnnealingLR: .* is of MultiStepLR"),
        (
            ("SOLVER.IMS_PER_BATCH", 32),
            r"model_0000.pth was made after (\d+) .* 1 finished epochs of \1, but .* have \d+",
        ),
        (("DATALOADER.NUM_INSTANCE", 1, "SOLVER.IMS_PER_BATCH", 8), r"1 finished epochs of \d+, but .* have \d+"),
    ],
)
def test_what_a_training_cannot_go_on_with_is_refused_with_both_values(tiny_cfg, options, words):
    first = MMTrainer(tiny_cfg())
    first.save("model_0000", 1, first.iters_per_epoch)
    with pytest.raises(InputError, match=words):
        MMTrainer(tiny_cfg(*options)).resume_or_load(resume=True)


def test_every_other_setting_that_differs_is_named_with_both_values(tiny_cfg, log):
    options = ("DATALOADER.SAMPLER_TRAIN", "NaiveIdentitySampler", "MODEL.LOSSES.NAME", "('CrossEntropyLoss',)")
    first = MMTrainer(tiny_cfg(*options))
    first.save("model_0000", 1, first.iters_per_epoch)
    changed = ("DATALOADER.NUM_INSTANCE", 4, "INPUT.REA.PROB", 0.25, "DATALOADER.NUM_WORKERS", 1, "TEST.EVAL_PERIOD", 1)
    MMTrainer(tiny_cfg(*options, *changed)).resume_or_load(resume=True)
    (told,) = [message for message in log if message.startswith("Resumed with other settings")]
    assert "DATALOADER.NUM_INSTANCE 4 (was 2)" in told and "INPUT.REA.PROB 0.25 (was 0.5)" in told
    assert "NUM_WORKERS" not in told and "EVAL_PERIOD" not in told and "OUTPUT_DIR" not in told


def test_a_longer_cosine_is_that_of_the_config(tiny_cfg):
    """The checkpoint's would rise again after its end."""
    rates = {}
    for epochs in (2, 4):
        trainer = MMTrainer(tiny_cfg("SOLVER.SCHED", "CosineAnnealingLR", "SOLVER.MAX_EPOCH", epochs))
        for epoch in range(4):
            rates[epochs, epoch] = trainer.optimizer.param_groups[0]["lr"]
            if epochs == 2 and epoch == 1:
                trainer.save("model_0000", 1, trainer.iters_per_epoch)
            trainer.optimizer.step()
            trainer.scheduler["lr_sched"].step()
    longer = MMTrainer(tiny_cfg("SOLVER.SCHED", "CosineAnnealingLR", "SOLVER.MAX_EPOCH", 4))
    longer.resume_or_load(resume=True)
    for epoch in range(1, 4):
        assert longer.optimizer.param_groups[0]["lr"] == pytest.approx(rates[4, epoch])
        longer.optimizer.step()
        longer.scheduler["lr_sched"].step()


def test_a_checkpoint_that_says_nonsense_is_refused_in_a_line_or_not_believed(tiny_cfg, tmp_path):
    trainer = MMTrainer(tiny_cfg())
    trainer.save("model_0000", 1, trainer.iters_per_epoch)
    path = tmp_path / "out" / "model_0000.pth"
    good, refused = torch.load(path, weights_only=True), 0
    entries = ("epoch", "iterations", "iters_per_epoch", "seed", "data", "buffers", "config", "images", "optimizer")
    for entry, value in product(entries, ("__import__('os').abort()", -7, 10**9, [1], {"a": 1}, None)):
        torch.save(good | {entry: value}, path)
        try:
            trainer.resume_or_load(resume=True)
        except InputError as error:
            assert "\n" not in str(error) and "model_0000.pth" in str(error)
            refused += 1
        else:
            assert (trainer.start_epoch, trainer.start_iter) == (1, trainer.iters_per_epoch)
    assert refused >= 20
