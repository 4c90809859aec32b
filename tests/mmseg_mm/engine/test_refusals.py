"""What stops a training or is refused in one line."""

import sys

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmseg.registry import DATA_SAMPLERS, OPTIMIZERS, TRANSFORMS

from fastreid_mm.common.errors import InputError
from mmseg_mm.engine import ResumableCheckpointHook, run_host_script
from tests.mmseg_mm.engine.conftest import script


def test_a_loss_that_is_not_finite_stops_and_its_batch_is_kept(config, tmp_path):
    folder = tmp_path / "diverged"
    with pytest.raises(InputError, match=r"loss is (nan|inf).* at iteration \d: its batch is in .*not_finite_000000"):
        script("train.py", config, folder, **{"optim_wrapper.optimizer.lr": "1e12"})
    (path,) = folder.glob("*.pth")  # and no checkpoint
    kept = torch.load(path, weights_only=True)
    assert [one.shape for one in kept["inputs"]] == 4 * [(4, 64, 64)] and len(kept["masks"]) == 4
    assert all("/train/RGB/" in name for name in kept["img_path"]) and "loss" in kept["losses"]


def test_a_misspelt_argument_of_the_checkpoint_hook_is_refused_when_it_is_built():
    with pytest.raises(InputError, match="default_hooks.checkpoint.every_iter is not an argument of Resumable"):
        ResumableCheckpointHook(every_iter=2)
    assert ResumableCheckpointHook(every_iters=2, interval=1, max_keep_ckpts=2).every_iters == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"interval": "x"}, "checkpoint.interval must be a whole number, got 'x'"),
        ({"every_iters": 1.5}, "checkpoint.every_iters must be a whole number, got 1.5"),
        ({"filename_tmpl": "net.pth"}, "filename_tmpl 'net.pth' needs {} for the number"),
    ],
)
def test_values_of_the_checkpoint_hook_that_cannot_be_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        ResumableCheckpointHook(**options)


@pytest.mark.parametrize(
    ("key", "better"), [("sod/mean/Sm", "greater"), ("sod/desktop/MAE", "less"), ("sod/desktop/wFm", "greater")]
)
def test_which_of_two_scores_is_better_is_known_whatever_the_set_is_called(key, better):
    """mmengine takes the "top" of a set's name for that of an accuracy."""
    hook = ResumableCheckpointHook(save_best=key)
    assert hook.rules == [better] and hook.is_better_than[key](2, 1) == (better == "greater")
    assert ResumableCheckpointHook(save_best=key, rule="less").rules == ["less"]
    assert ResumableCheckpointHook(save_best=key, less_keys=[key]).rules == ["less"]


def test_what_is_best_may_be_the_first_metric_there_is():
    hook = ResumableCheckpointHook(save_best="auto")
    assert hook.rules == [None]
    hook._init_rule(hook.rules, ["sod/toy/Sm"])  # as mmengine does after the first test
    assert hook.rules == ["greater"] and hook.key_indicators == ["sod/toy/Sm"]
    with pytest.raises(InputError, match="default_hooks.checkpoint.rule 'more' is not one of greater, less"):
        ResumableCheckpointHook(save_best="auto", rule="more")


def test_what_is_best_must_be_a_metric():
    hook = ResumableCheckpointHook(save_best="sod/mean/Sn", rule="greater")
    with pytest.raises(InputError, match="save_best 'sod/mean/Sn' is not one of sod/mean/Sm, sod/mean/MAE"):
        hook.after_val_epoch(None, {"sod/mean/Sm": 1.0, "sod/mean/MAE": 0.0})


@pytest.mark.parametrize("registry", [DATA_SAMPLERS, OPTIMIZERS, TRANSFORMS])
def test_a_misspelt_type_is_one_line(config, monkeypatch, registry):
    monkeypatch.setattr("runpy.run_path", lambda *_, **__: registry.build({"type": "Misspelt"}))
    monkeypatch.setattr("sys.argv", sys.argv)
    with pytest.raises(InputError, match=r"^config .*small.py: Misspelt is not in the [\w: ]+ registry$"):
        run_host_script("train.py", [config])


def test_a_misspelt_optimizer_is_one_line(config, monkeypatch):
    wrapper = {"type": "OptimWrapper", "optimizer": {"type": "Adamm", "lr": 0.1}}
    monkeypatch.setattr("runpy.run_path", lambda *_, **__: build_optim_wrapper(torch.nn.Linear(1, 1), wrapper))
    monkeypatch.setattr("sys.argv", sys.argv)
    with pytest.raises(InputError, match=r"^config .*small.py: optim_wrapper.optimizer.type is not a known optimizer"):
        run_host_script("train.py", [config])


def test_an_option_for_a_part_that_there_is_not_is_refused(config, monkeypatch):
    ran = []
    monkeypatch.setattr("runpy.run_path", lambda *_, **__: ran.append(sys.argv))
    monkeypatch.setattr("sys.argv", sys.argv)
    with pytest.raises(InputError, match=r"--cfg-options modell.decode_head.channels: no such key; is it model\?"):
        run_host_script("train.py", [config, "--cfg-options", "load_from=a.pth", "modell.decode_head.channels=6"])
    assert not ran
    run_host_script("train.py", [config, "--cfg-options", "model.a=1", "experiment_name=b", "sync_bn=torch"])
    assert len(ran) == 1
