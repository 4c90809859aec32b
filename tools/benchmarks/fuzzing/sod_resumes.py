"""Saliency trainings that are resumed with changed settings: the right iterations, or a refusal."""

import contextlib
import io
import random
import shutil
import warnings
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from unittest import mock

import torch
from torch import nn

from fuzzing.campaign import Try
from fuzzing.configs import CONFIGS

IMAGES = 16
EVERY = ("train_dataloader.batch_size", "train_dataloader.dataset.indices", "optim_wrapper.optimizer.lr")
"""Settings that change a training."""
FREE = ("num_workers", "max_epochs", "val_interval", "seed")
"""Ends of settings that do not."""
FIRST = {
    "train_dataloader.batch_size": 4,
    "train_dataloader.dataset.indices": 14,
    "train_dataloader.drop_last": True,
    "train_dataloader.num_workers": 0,
    "train_cfg.max_epochs": 2,
    "train_cfg.val_interval": 1,
    "optim_wrapper.optimizer.lr": 0.01,
    "randomness.seed": 3,
}
OTHER = {
    "train_dataloader.batch_size": (2, 3, 4, 5, 7, 8, 14, 20),
    "train_dataloader.dataset.indices": (5, 12, 13, 14, 15, 16),
    "train_dataloader.drop_last": (True, False),
    "train_dataloader.num_workers": (0, 1),
    "train_cfg.max_epochs": (1, 2, 3, 4),
    "train_cfg.val_interval": (1, 2, 9, 0, -1),
    "optim_wrapper.optimizer.lr": (0.01, 0.1),
    "randomness.seed": (3, 4),
}
RUNS = count()
"""Numbers of trainings, as mmengine has one logger for each name."""
FLAGS = (("--resume",), ("--resume",), ("--resume",), ("--resume",), (), ("--overwrite",), ("--resume", "--overwrite"))


def tries(rng: random.Random, folder: Path) -> Iterator[Try]:
    """Train again, with other settings and flags, in the folder of a stopped training."""
    import mmengine.config
    import mmengine.runner.runner

    from mmseg_mm import engine  # noqa: F401  registers
    from toy_scenes.scenes import make_toy_rgbd

    mmengine.runner.runner.collect_env = dict  # takes seconds
    warnings.simplefilter("ignore")
    register()
    make_toy_rgbd(folder, train=IMAGES, test=2, size=32)
    write_config(folder)
    mmengine.config.Config.pretty_text = ""  # takes most of the time of saving
    firsts = [FIRST | {"train_dataloader.drop_last": drop_last} for drop_last in (True, False)]
    for number, first in enumerate(firsts):
        train(folder / f"first{number}", first)
    for index in count():
        number, work = rng.randrange(len(firsts)), folder / str(index)
        shutil.copytree(folder / f"first{number}", work)
        stop = rng.choice(sorted(path.name for path in work.glob("*.pth")))
        changed = rng.sample(sorted(OTHER), rng.choice((0, 1, 1, 2)))
        second = firsts[number] | {key: rng.choice(OTHER[key]) for key in changed}
        flags = rng.choice(FLAGS)
        call = partial(train_again, work, firsts[number], second, flags, stop)
        names = [
            key.split(".")[-1].replace("indices", "images") for key in changed if firsts[number][key] != second[key]
        ]
        kind = f"{' '.join(flags) or 'no flag'}: {', '.join(names)}"
        yield Try({kind.removesuffix(": "): call}, f"{second} {flags}")


def register() -> None:
    """Register the smallest network that can learn."""
    from mmengine.model import BaseModel
    from mmseg.registry import MODELS

    if "FourWeights" in MODELS:
        return

    @MODELS.register_module()
    class FourWeights(BaseModel):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(4))

        def forward(self, inputs: list, data_samples: list | None = None, mode: str = "tensor") -> dict:
            means = torch.stack([one.float().mean((1, 2)) / 255 for one in inputs])
            masks = torch.stack([one.gt_sem_seg.data.float().mean() for one in data_samples])
            return {"loss": ((means @ self.weight - masks + 0.01 * torch.rand(())) ** 2).mean()}


def write_config(root: Path) -> None:
    """Write the demo's config with a network of four weights and small images."""
    from mmengine.config import Config

    config = Config.fromfile(CONFIGS / "SOD" / "mutualformer_demo.py")
    config.model = {"type": "FourWeights"}
    config.default_hooks.checkpoint.update(every_iters=1, max_keep_ckpts=9)
    config.val_dataloader = config.val_cfg = config.val_evaluator = None
    for loader in (config.train_dataloader, config.test_dataloader):
        next(step for step in loader.dataset.pipeline if step["type"] == "Resize")["scale"] = (16, 16)
    config.dump(root / "tiny.py")


def train(folder: Path, settings: dict, *flags: str) -> list[int]:
    """Train in a folder beside scenes and config, and return the number of the epoch of every iteration."""
    from mmengine.runner import EpochBasedTrainLoop

    from mmseg_mm.engine import run_host_script

    root, name = folder.parent, f"run{next(RUNS)}"
    options = {f"{part}_dataloader.dataset.data_root": root / part for part in ("train", "test")}
    options |= {"experiment_name": name, "visualizer.name": name, "launcher": "none"}
    words = [f"{key}={value}" for key, value in (settings | options).items()]
    made: list[int] = []
    host = EpochBasedTrainLoop.run_iter

    def run_iter(loop: EpochBasedTrainLoop, *args: object) -> None:
        made.append(loop.epoch)
        host(loop, *args)

    silent = contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO())
    with silent[0], silent[1], mock.patch.object(EpochBasedTrainLoop, "run_iter", run_iter):
        work = ["--work-dir", str(folder)]
        run_host_script("train.py", [str(root / "tiny.py"), *work, *flags, "--cfg-options", *words])
    return made


def weight(folder: Path, name: str) -> torch.Tensor:
    """Return the weight in a checkpoint."""
    return torch.load(folder / name, weights_only=True)["state_dict"]["weight"]


def batches(settings: dict) -> int:
    """Compute the iterations of an epoch from the settings."""
    images, batch = settings["train_dataloader.dataset.indices"], settings["train_dataloader.batch_size"]
    return images // batch if settings["train_dataloader.drop_last"] else -(-images // batch)


def expected(first: dict, second: dict, flags: tuple[str, ...], meta: dict) -> list[int] | None:
    """Compute the epochs of the iterations that a second run should make, None if it should be refused."""
    length = batches(second)
    if len(flags) != 1 or second["train_cfg.val_interval"] < 1 or not length:
        return None
    begun, done = 0, 0
    if flags == ("--resume",):
        if batches(first) != length or any(first[key] != second[key] for key in EVERY):
            return None
        begun, done = meta["epoch"], meta["iter"] - meta["epoch"] * length
    whole = [epoch for epoch in range(begun, second["train_cfg.max_epochs"]) for _ in range(length)]
    return whole[done:]


def train_again(folder: Path, first: dict, second: dict, flags: tuple[str, ...], stop: str) -> None:
    """Train in the folder of a first training as if that had been stopped at a checkpoint, and judge the result.

    Raises:
        AssertionError: the run was refused without reason, made other iterations than it should, or its weights have
            not moved or are not those of the first training, if only free settings differ.
    """
    from fastreid_mm.common.errors import InputError

    ends = {epoch: weight(folder, f"epoch_{epoch}.pth") for epoch in (1, 2)}
    for path in [*folder.glob("*.pth"), folder / "last_checkpoint"]:
        if path.name != stop:
            path.unlink(missing_ok=True)
    state = torch.load(folder / stop, weights_only=True)
    right = expected(first, second, flags, state["meta"])
    try:
        made = train(folder, second, *flags)
    except InputError:
        if right is None:
            raise
        raise AssertionError("refused") from None
    if made != right:
        raise AssertionError(f"iterations of epochs {made} instead of {right}")
    resumed, seed = flags == ("--resume",), "randomness.seed"
    begun = state["state_dict"]["weight"] if resumed else torch.zeros(4)
    other = [key for key in first if first[key] != second[key] and not key.endswith(FREE)]
    same = not other and (resumed or first[seed] == second[seed])
    for epoch in sorted({epoch + 1 for epoch in made}):
        name = f"epoch_{epoch}.pth"
        if not (folder / name).is_file():
            raise AssertionError(f"no checkpoint of epoch {epoch}")
        if torch.equal(weight(folder, name), begun):
            raise AssertionError("weights have not moved")
        if same and epoch in ends and not torch.equal(weight(folder, name), ends[epoch]):
            raise AssertionError("other weights than those of a training that was never stopped")
