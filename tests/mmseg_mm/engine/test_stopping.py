"""Saliency training that is stopped within an epoch, and goes on."""

import json
import os
import signal
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.fileio import get_file_backend

from fastreid_mm.common.checkpoint_file import first_whole
from fastreid_mm.common.errors import InputError
from mmseg_mm.engine import EpochSeedHook, read_checkpoint
from mmseg_mm.engine.checkpoint_hook import BACKEND
from mmseg_mm.engine.run_record import config_checksum
from mmseg_mm.engine.work_folder import WorkFolder
from tests.mmseg_mm.engine.conftest import script


def assert_same_end(folder, trained):
    found, expected = (read_checkpoint(str(path / "epoch_2.pth")) for path in (folder, trained))
    for name, weight in expected["state_dict"].items():
        assert torch.equal(weight, found["state_dict"][name]), name
    moments = [content["optimizer"]["state"][0]["exp_avg_sq"] for content in (found, expected)]
    assert torch.equal(*moments) and found["param_schedulers"] == expected["param_schedulers"]


@pytest.fixture
def told_to_stop(monkeypatch):
    """Sends SIGTERM to this process in the first iteration of the second epoch, of four iterations in all."""
    seed = EpochSeedHook.before_train_iter

    def stop(hook, runner, *args, **kwargs):
        seed(hook, runner, *args, **kwargs)
        if runner.iter == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(EpochSeedHook, "before_train_iter", stop)


def test_stopped_cut_and_resumed_ends_like_the_run_that_was_not(trained, config, tmp_path, told_to_stop, monkeypatch):
    folder = tmp_path / "stopped"
    with pytest.raises(SystemExit) as end:
        script("train.py", config, folder)
    assert end.value.code == 143 and (folder / "iter_0000003.pth").is_file()
    assert Path((folder / "last_checkpoint").read_text()).name == "iter_0000003.pth"
    monkeypatch.undo()
    monkeypatch.setattr("mmengine.runner.runner.collect_env", dict)
    with pytest.raises(InputError, match="stopped has checkpoints .*iter_0000003.pth.*--resume .*--overwrite"):
        script("train.py", config, folder, **{"experiment_name": "refused", "visualizer.name": "refused"})
    assert_same_end(script("train.py", config, folder, "--resume", **{"train_dataloader.num_workers": 2}), trained)
    for name, size in {"epoch_2.pth": 5000, "iter_0000003.pth": 0}.items():
        os.truncate(folder / name, size)
    damaged = []
    assert first_whole(WorkFolder(str(folder)).states(), damaged.append) == folder / "epoch_1.pth" and len(damaged) == 2


def test_a_training_says_what_it_was_made_with(trained, config):
    found = json.loads((trained / "run.json").read_text())
    assert found["seed"] == 1 and len(found["data"]["train"]) == 64 and found["processes"] == 1
    assert {"torch", "mmsegmentation"} <= set(found["versions"])
    here, elsewhere, other = (Config.fromfile(config) for _ in range(3))
    elsewhere.work_dir, other.optim_wrapper.optimizer.lr = "elsewhere", 7.0
    assert config_checksum(here) == config_checksum(elsewhere) != config_checksum(other)


def test_a_full_disk_is_one_line_and_leaves_what_was_there(tmp_path):
    path = tmp_path / "epoch_1.pth"
    path.write_bytes(b"before")
    path.with_name("epoch_1.pth.part").symlink_to("/dev/full")
    with pytest.raises(InputError, match=r"cannot write .*epoch_1.pth: \[Errno 28\].*untouched"):
        get_file_backend(str(path), backend_args={"backend": BACKEND}).put(b"after" * 10_000, path)
    assert [found.name for found in tmp_path.iterdir()] == ["epoch_1.pth"] and path.read_bytes() == b"before"
