"""A small run of mmsegmentation's own scripts, shared by all that looks at what they leave."""

import pytest

from mmseg_mm.engine import run_host_script
from tests.mmseg_mm.small_model import small_config
from toy_scenes.scenes import make_toy_rgbd


@pytest.fixture(scope="session")
def scenes(tmp_path_factory):
    root = tmp_path_factory.mktemp("scenes")
    make_toy_rgbd(root, train=8, test=2, size=64)
    return root


@pytest.fixture(scope="session")
def config(scenes, tmp_path_factory):
    """Path of a config for two epochs of two iterations."""
    made = small_config(
        **{
            "train_dataloader.dataset.data_root": f"{scenes}/train",
            "train_dataloader.batch_size": 4,
            "val_dataloader.dataset.data_root": f"{scenes}/test",
            "test_dataloader.dataset.data_root": f"{scenes}/test",
            "train_cfg.max_epochs": 2,
            "train_cfg.val_interval": 2,
            "param_scheduler.0.T_max": 2,
        }
    )
    loaders = (made.train_dataloader, made.test_dataloader, made.val_dataloader)
    for pipeline in (*(loader.dataset.pipeline for loader in loaders), made.tta_pipeline):
        next(step for step in pipeline if step["type"] == "Resize")["scale"] = (64, 64)
    path = tmp_path_factory.mktemp("config") / "small.py"
    made.dump(path)
    return str(path)


def script(name, config, work_dir, *arguments, **options):
    """Run a script with names of its own: mmengine has one logger and one visualizer of a name in a process."""
    options |= {"experiment_name": work_dir.name, "visualizer.name": work_dir.name, "launcher": "none"}
    run_host_script(
        name,
        [
            config,
            *arguments,
            "--work-dir",
            str(work_dir),
            "--cfg-options",
            *(f"{key}={value}" for key, value in options.items()),
        ],
    )
    return work_dir


@pytest.fixture(scope="session")
def trained(config, tmp_path_factory):
    """The folder of a run of two epochs."""
    return script("train.py", config, tmp_path_factory.mktemp("trained"))
