"""Values that cannot be are refused in the words of the config."""

import pytest
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.utils.dl_utils import set_multi_processing
from mmseg.registry import HOOKS
from torch.utils.data import DataLoader

from fastreid_mm.common.errors import InputError
from mmseg_mm.engine.config_values import refuse_impossible
from mmseg_mm.engine.host_errors import host_errors
from tests.mmseg_mm.engine.conftest import script
from tests.mmseg_mm.small_model import small_config


@pytest.fixture(autouse=True)
def without_a_gpu(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.delenv("RANK", raising=False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"train_dataloader.num_workers": -1},
            "train_dataloader.num_workers must be a whole number of at least 0, got -1",
        ),
        ({"val_dataloader.num_workers": "two"}, "val_dataloader.num_workers must be .*got 'two'"),
        ({"test_dataloader.batch_size": 0}, "test_dataloader.batch_size must be a whole number of at least 1, got 0"),
        ({"train_cfg.max_epochs": 1.5}, "train_cfg.max_epochs must be a whole number of at least 1, got 1.5"),
        ({"train_cfg.val_interval": 0}, "train_cfg.val_interval must be a whole number of at least 1, got 0"),
        ({"train_dataloader.persistent_workers": True}, "persistent_workers True needs num_workers of at least 1"),
        ({"train_dataloader.prefetch_factor": 2}, "train_dataloader.prefetch_factor 2 needs num_workers of at least 1"),
        (
            {"val_evaluator": None},
            "config has val_dataloader but no val_evaluator: give all of val_dataloader, val_cfg",
        ),
        ({"test_cfg": None}, "config has test_dataloader but no test_cfg"),
        (dict.fromkeys(("train_dataloader", "train_cfg", "optim_wrapper")), "config has no train_dataloader"),
        ({"optim_wrapper.type": "AmpOptimWrapper"}, "--amp, or optim_wrapper.type AmpOptimWrapper, needs a GPU"),
        ({"optim_wrapper.optimizer.lr": "high"}, "optim_wrapper.optimizer.lr must be a number .*got 'high'"),
        ({"randomness.seed": -1}, "randomness.seed must be a whole number from 0 to 4294967295, got -1"),
        (
            {"env_cfg.mp": {}},
            "env_cfg.mp has no effect: its keys are cudnn_benchmark, dist_cfg, mp_cfg, resource_limit",
        ),
        ({"resume": True}, "resume=True in a config has no effect: --resume goes on"),
        ({"launcher": "pytorch"}, "--launcher pytorch needs torchrun"),
        (
            {"train_dataloader.sampler.type": "InfiniteSampler"},
            "InfiniteSampler never ends: .* train_cfg.by_epoch=False",
        ),
    ],
)
def test_a_value_that_cannot_be_is_named(options, message):
    config = small_config()
    for key, value in options.items():
        config.merge_from_dict({key: value})
    with pytest.raises(InputError, match=message):
        refuse_impossible(config.to_dict(), training=True)


def test_shipped_values_are_taken():
    config = small_config()
    refuse_impossible(config.to_dict(), training=True)
    config.train_dataloader = config.train_cfg = config.optim_wrapper = None
    refuse_impossible(config.to_dict(), training=False)
    endless = small_config(**{"train_dataloader.sampler.type": "InfiniteSampler"})
    endless.train_cfg = Config({"by_epoch": False, "max_iters": 3}).to_dict()
    refuse_impossible(endless.to_dict(), training=True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--amp"], "--amp, or .* needs a GPU"),
        (["--cfg-options", "train_cfg"], "--cfg-options train_cfg: KEY=VALUE is needed"),
        (["--cfg-options", "param_scheduler.7.T_max=1"], "--cfg-options: Index 7 exceeds the length of list"),
        (["--cfg-options", "train_dataloader.batch_size=0"], "train_dataloader.batch_size must be"),
    ],
)
def test_the_command_line_is_read_before_anything_is_built(config, tmp_path, monkeypatch, arguments, message):
    monkeypatch.setattr("runpy.run_path", lambda *_, **__: pytest.fail("it was run"))
    with pytest.raises(InputError, match=message):
        script("train.py", config, tmp_path, *arguments)


@pytest.mark.parametrize(("images", "batch"), [(5, 8), (0, 1)])
def test_a_loader_without_a_batch_names_images_and_batch_size(images, batch):
    options = {"dataset": [0] * images, "sampler": {"type": "DefaultSampler"}, "batch_size": batch, "drop_last": True}
    with pytest.raises(InputError, match=rf"^a data set of {images} images gives no batch of batch_size {batch} with"):
        Runner.build_dataloader(options, seed=0)
    assert len(Runner.build_dataloader(options | {"dataset": [0] * 9}, seed=0)) == 9 // batch


class Outside(Hook):
    def __init__(self):
        raise ValueError("of an outside package")


def test_what_the_host_asserts_is_one_line_and_what_others_raise_stays_theirs():
    with pytest.raises(InputError, match="^config a.py: timeout option should be non-negative$"), host_errors("a.py"):
        DataLoader([1], timeout=-1)
    with pytest.raises(InputError, match="^config a.py: 'int' object has no attribute 'pop'$"), host_errors("a.py"):
        Runner.build_dataloader({"dataset": [1], "sampler": None, "worker_init_fn": 3})
    with pytest.raises(InputError, match="^config a.py: cannot find context for 'no'$"), host_errors("a.py"):
        set_multi_processing(mp_start_method="no")
    with pytest.raises(ValueError, match="^of an outside package$"), host_errors("a.py"):
        HOOKS.build({"type": Outside})
    with pytest.raises(ValueError, match="^of ours$"), host_errors("a.py"):
        raise ValueError("of ours")
