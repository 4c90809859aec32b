import json
import logging
import re
import shutil
from pathlib import Path

import pytest
import torch
from fastreid.engine import DefaultTrainer, hooks
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from fastreid_mm.engine import MMTrainer
from fastreid_mm.engine.setup import load_config
from fastreid_mm.engine.testing import evaluate_only
from fastreid_mm.errors import InputError


@pytest.fixture(autouse=True)
def datasets(monkeypatch, sysu_root):
    monkeypatch.setenv("FASTREID_DATASETS", str(sysu_root))


def weights(trainer):
    return {name: value.detach().clone() for name, value in trainer.model.state_dict().items()}


def logged(cfg):
    """The lines of metrics.json."""
    with open(f"{cfg.OUTPUT_DIR}/metrics.json") as file:
        return [json.loads(line) for line in file]


@pytest.fixture
def log():
    """Messages of this package's log."""
    messages, handler = [], logging.Handler()
    handler.emit = lambda record: messages.append(record.getMessage())
    logging.getLogger("fastreid.mm").addHandler(handler)
    yield messages
    logging.getLogger("fastreid.mm").removeHandler(handler)


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "AdamW"])
def test_every_weight_moves(tiny_cfg, optimizer):
    """The host's own trainer moves none on a current PyTorch, without a word."""
    trainer = MMTrainer(tiny_cfg("SOLVER.OPT", optimizer, "SOLVER.MAX_EPOCH", 1))
    before = weights(trainer)
    trainer.train()
    after = weights(trainer)
    assert {name for name in before if torch.equal(before[name], after[name])} <= {"neck.bias"}


def test_same_seed_same_weights_and_another_seed_others(tiny_cfg):
    runs = []
    for seed, output in ((7, "a"), (7, "b"), (8, "c")):
        trainer = MMTrainer(tiny_cfg("SEED", seed, output=output))
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


@pytest.mark.parametrize("period", [0, 1, 3])
def test_every_test_reaches_the_log_and_every_metric_the_files(tiny_cfg, log, period):
    """The host's writers drop what comes later for an iteration they have written: the final test was in no file."""
    cfg = tiny_cfg("TEST.EVAL_PERIOD", period)
    trainer = MMTrainer(cfg)
    results = trainer.train()
    tables = [message for message in log if "all_search_1shot" in message]
    assert len(tables) == (2 if period == 1 else 1)
    score = f"{results['SYSUMM01']['all_search_1shot']['mAP']:.2f}"
    assert score in tables[-1] and "indoor_search_10shot" in tables[-1]
    tested = [line for line in logged(cfg) if "SYSUMM01/all_search_1shot/mAP" in line]
    length = trainer.iters_per_epoch
    ends = {0: [2 * length - 1], 1: [length - 1, 2 * length - 1], 3: [2 * length]}  # 3: after the last epoch, not in it
    assert [line["iteration"] for line in tested] == ends[period]
    numbers = {
        f"SYSUMM01/{setting}/{name}": value
        for setting, metrics in results["SYSUMM01"].items()
        for name, value in metrics.items()
        if name != "gallery"
    }
    assert {name: value for name, value in tested[-1].items() if name.startswith("SYSUMM01")} == numbers
    events = EventAccumulator(cfg.OUTPUT_DIR)
    events.Reload()
    for name, value in numbers.items():
        assert events.Scalars(name)[-1].value == pytest.approx(value)
    with open(f"{cfg.OUTPUT_DIR}/results.json") as file:
        assert json.load(file) == results


def test_epochs_of_two_iterations_train(tiny_cfg):
    """They are not timed, and the host's printer divided by the iterations since it last printed: none."""
    trainer = MMTrainer(tiny_cfg("SOLVER.IMS_PER_BATCH", 24, "SOLVER.MAX_EPOCH", 1))
    trainer.iters_per_epoch = trainer.max_iter = 2
    assert trainer.train()["SYSUMM01"] and len(logged(trainer.cfg)) == 1


def test_an_untrained_network_is_tested_with_a_loud_warning(tiny_cfg, log):
    cfg = tiny_cfg()
    evaluate_only(cfg)
    assert [message for message in log if "UNTRAINED" in message and "MODEL.WEIGHTS" in message]
    MMTrainer(tiny_cfg("SOLVER.MAX_EPOCH", 1)).train()
    log.clear()
    results = evaluate_only(tiny_cfg("MODEL.WEIGHTS", f"{cfg.OUTPUT_DIR}/model_final.pth", output="tested"))
    assert not [message for message in log if "UNTRAINED" in message]
    with open(tiny_cfg(output="tested").OUTPUT_DIR + "/results.json") as file:
        assert json.load(file) == results


def test_the_hosts_own_trainer_says_what_to_use_instead(tiny_cfg):
    with pytest.raises(InputError, match="use fastreid_mm.engine.MMTrainer"):
        DefaultTrainer(tiny_cfg())


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
    with pytest.raises(InputError, match=r"model_final.pth was made after \d+ iterations, 1 epochs .* are \d+"):
        trainer.resume_or_load(resume=True)


def test_results_checkpoints_and_events_are_there_and_no_best_model(tiny_cfg, tmp_path):
    cfg = tiny_cfg("TEST.RANKED_LISTS", 3, "TEST.REFERENCES", True)
    trainer = MMTrainer(cfg)
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
    trainer, seen = MMTrainer(cfg), set()
    trainer.model.backbone.vit.blocks[0].mlp.fc1.register_forward_hook(lambda _, __, output: seen.add(output.dtype))
    before = weights(trainer)
    trainer.train()
    assert torch.bfloat16 in seen
    assert {name for name, value in weights(trainer).items() if torch.equal(value, before[name])} <= {"neck.bias"}
    assert all(value.dtype == torch.float32 for value in trainer.model.parameters())


def test_flip_testing_averages_both_ways(tiny_cfg):
    trainer = MMTrainer(tiny_cfg("TEST.FLIP.ENABLED", True))
    assert trainer.test(trainer.cfg, trainer.model)["SYSUMM01"]["all_search_1shot"]["mAP"] > 0


def test_a_loss_that_is_not_finite_stops_the_run_and_names_it(tiny_cfg):
    trainer = MMTrainer(tiny_cfg("MODEL.CMTR.LAMBDA", 1e39))
    with pytest.raises(FloatingPointError, match="loss_mac"):
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


def test_a_gallery_smaller_than_a_rank_is_refused_before_training(tiny_cfg, sysu_root, tmp_path, monkeypatch):
    shutil.copytree(sysu_root, tmp_path / "data")
    (tmp_path / "data" / "SYSU-MM01" / "exp" / "test_id.txt").write_text("9,10")
    monkeypatch.setenv("FASTREID_DATASETS", str(tmp_path / "data"))
    with pytest.raises(InputError, match="SYSUMM01: all_search_1shot: Rank-10 .* the gallery has 8 images.*TEST.RANKS"):
        MMTrainer(tiny_cfg())
    (found,) = MMTrainer(tiny_cfg("TEST.RANKS", "(1, 3)")).references["chance"].values()
    assert set(found["all_search_1shot"]) == {"Rank-1", "Rank-3", "mAP", "mINP", "gallery"}


def test_the_corrupted_test_comes_at_the_end_of_training_and_by_itself(tiny_cfg, log):
    options = ("TEST.CORRUPTION.ENABLED", True, "TEST.CORRUPTION.REPETITIONS", 2, "SOLVER.MAX_EPOCH", 1)
    cfg = tiny_cfg(*options, "TEST.REFERENCES", True)
    results = MMTrainer(cfg).train()
    assert list(results) == ["SYSUMM01", "SYSUMM01-C", "SYSUMM01-C_deviation"]
    (table,) = [message for message in log if "untrained" in message]
    assert "mean of 2 repetitions, seed 0, drawn frost" in table and "standard deviation of 2" in table
    (last,) = [line for line in logged(cfg) if "SYSUMM01-C/all_search_1shot/mAP" in line]
    assert last["SYSUMM01-C/all_search_1shot/mAP"] == results["SYSUMM01-C"]["all_search_1shot"]["mAP"]
    assert evaluate_only(tiny_cfg(*options, "MODEL.WEIGHTS", f"{cfg.OUTPUT_DIR}/model_final.pth")) == results


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


def test_a_test_in_a_trainings_folder_leaves_its_results(tiny_cfg, log, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    for name in ("last_checkpoint", "results.json", "run.json"):
        (out / name).write_text("the training's")
    results = evaluate_only(tiny_cfg())
    assert {(out / name).read_text() for name in ("results.json", "run.json")} == {"the training's"}
    assert json.loads((out / "eval_results.json").read_text()) == results
    record = json.loads((out / "eval_run.json").read_text())
    assert record["seed"] == 7 and f"This run: {json.dumps(record)}" in log
