"""Training that is stopped within an epoch, and goes on."""

import json
import os
import signal

import pytest
import torch
from fastreid.engine import hooks

from fastreid_mm.commands.run import run
from fastreid_mm.commands.train_arguments import argument_parser
from fastreid_mm.common.errors import InputError
from fastreid_mm.common.safe_load import load_safely
from fastreid_mm.engine import MMTrainer
from fastreid_mm.settings.load import load_config

METHODS = {
    "SYSU/agw.yml": "sysu_root",
    "SYSU/cmt.yml": "sysu_root",
    "SYSU/cmtr.yml": "sysu_root",
    "SYSU/hct.yml": "sysu_root",
    "SYSU/mun.yml": "sysu_root",
    "RGBNT201/ieee.yml": "rgbnt201_root",
    "RGBN300/hamnet.yml": "rgbn300_root",
    "RGBN300/mutualformer.yml": "rgbn300_root",
}
LYING = ("INPUT.SIZE_TRAIN", "[16, 32]", "INPUT.SIZE_TEST", "[16, 32]")
WITH_WORKERS = ("SYSU/mun.yml", "RGBNT201/ieee.yml")


class TellToStop(hooks.HookBase):
    """Sends SIGTERM to this process in the middle of an iteration."""

    def __init__(self, iteration):
        self.iteration = iteration

    def before_step(self):
        if self.trainer.iter == self.iteration:
            os.kill(os.getpid(), signal.SIGTERM)


@pytest.fixture
def untested(monkeypatch):
    """Trainings without their tests, which change nothing."""
    for name in ("test", "check_test_sets"):
        monkeypatch.setattr(MMTrainer, name, classmethod(lambda *_: {}))


@pytest.fixture
def trained(request, monkeypatch, tiny_cfg, untested):
    """Trains two epochs, or the rest of them, and returns the last checkpoint."""

    def train(base, *options, output, stop=None, resume=False):
        monkeypatch.setenv("FASTREID_DATASETS", str(request.getfixturevalue(METHODS[base])))
        options = (*(LYING if base.startswith("RGBN300") else ()), "DETERMINISTIC", True, *options)
        trainer = MMTrainer(tiny_cfg("SOLVER.IMS_PER_BATCH", 8, *options, base=base, output=output))
        trainer.max_epoch, trainer.iters_per_epoch, trainer.max_iter = 2, 3, 6
        trainer.resume_or_load(resume)
        if stop is None:
            trainer.train()
        else:
            trainer.register_hooks([TellToStop(stop)])
            with pytest.raises(SystemExit) as end:
                trainer.train()
            assert end.value.code == 143
        return load_safely(trainer.checkpointer.get_checkpoint_file())

    yield train
    torch.use_deterministic_algorithms(False)


def same(one, other):
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other


@pytest.mark.parametrize("base", METHODS)
def test_every_method_gives_the_same_again_and_goes_on_where_it_was_stopped(trained, base):
    """The broken run is also the second run of the same seed, with workers where the first has none."""
    whole = trained(base, output="whole")
    broken = trained(base, output="broken", stop=3)
    assert (broken["epoch"], broken["iterations"]) == (0, 4)
    workers = ("DATALOADER.NUM_WORKERS", 2) if base in WITH_WORKERS else ()
    assert same(trained(base, *workers, output="broken", resume=True), whole)


@pytest.mark.parametrize("stop", [0, 2])  # 2: the last of its epoch, whose end is to come
def test_schedule_and_frozen_layers_go_on_too(trained, stop):
    options = ("SOLVER.WARMUP_ITERS", 4, "MODEL.FREEZE_LAYERS", "['backbone']", "SOLVER.FREEZE_ITERS", 4)
    whole = trained("SYSU/cmtr.yml", *options, "SOLVER.CHECKPOINT_ITERS", 1, output="whole")
    trained("SYSU/cmtr.yml", *options, output="broken", stop=stop)
    assert same(trained("SYSU/cmtr.yml", *options, output="broken", resume=True), whole)


def test_checkpoints_within_epochs_and_the_one_before_a_damaged_one(trained, tmp_path, caplog):
    whole = trained("SYSU/cmtr.yml", "SOLVER.CHECKPOINT_ITERS", 2, output="out")
    names = {path.name for path in (tmp_path / "out").glob("*.pth")}
    assert names == {"model_iter_0000004.pth", "model_iter_0000006.pth", "model_0000.pth", "model_final.pth"}
    (tmp_path / "out" / "model_final.pth").write_bytes(b"half")
    os.truncate(tmp_path / "out" / "model_iter_0000006.pth", 10_000)
    caplog.set_level("WARNING", "fastreid.utils.checkpoint")
    assert same(trained("SYSU/cmtr.yml", output="out", resume=True), whole)


def test_a_used_folder_is_refused_unless_it_is_to_be_resumed_or_overwritten(
    tiny_config, untested, sysu_datasets, tmp_path
):

    def start(*flags, epochs=1):
        words = ["--config-file", tiny_config(), *flags, "SOLVER.MAX_EPOCH", str(epochs), "SOLVER.IMS_PER_BATCH", "32"]
        run(argument_parser().parse_args(words))
        return load_safely(str(tmp_path / "out" / "model_final.pth"))

    def logged_iterations():
        lines = (tmp_path / "out" / "metrics.json").read_text().splitlines()
        return [json.loads(line)["iteration"] for line in lines]

    first = start()
    logged = logged_iterations()
    assert logged
    before = (tmp_path / "out" / "config.yaml").stat().st_mtime_ns
    with pytest.raises(InputError, match=r"out has a training .*last_checkpoint, .*--resume .*--overwrite"):
        start()
    with pytest.raises(InputError, match="out has a training"):  # from a script of one's own
        MMTrainer(load_config(tiny_config(), ["SEED", "8", "SOLVER.IMS_PER_BATCH", "32"])).resume_or_load(resume=False)
    assert (tmp_path / "out" / "config.yaml").stat().st_mtime_ns == before
    start("--resume", epochs=2)
    assert logged_iterations()[: len(logged)] == logged and len(logged_iterations()) > len(logged)
    assert (tmp_path / "out" / "model_0000.pth").is_file() is False  # CHECKPOINT_PERIOD 1, but the first was the last
    assert same(start("--overwrite"), first)
    assert logged_iterations() == logged
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["seed"] == 7 and record["versions"]["torch"] == torch.__version__
    assert len(record["data"]["train"]) == len(record["config"]) == 64


def test_a_batch_whose_loss_is_not_finite_is_kept(tiny_cfg, sysu_datasets, tmp_path):
    words = "loss_modality_aware_center is inf.* at iteration 0: its batch .*0_0.pth"
    with pytest.raises(InputError, match=words) as error:
        MMTrainer(tiny_cfg("MODEL.LOSSES.MODALITY_AWARE_CENTER.SCALE", 1e39)).train()
    assert isinstance(error.value, FloatingPointError) and "\n" not in str(error.value)
    kept = load_safely(str(tmp_path / "out" / "not_finite_0000000_0.pth"))
    assert kept["images"].shape == (16, 3, 32, 16) and len(kept["img_paths"]) == len(kept["targets"]) == 16
