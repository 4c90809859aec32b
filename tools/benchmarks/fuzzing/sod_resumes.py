"""Saliency trainings that are resumed with changed settings: the right iterations, or a refusal."""

import contextlib
import io
import random
import shutil
import tempfile
import warnings
from collections import Counter
from pathlib import Path

import torch
from torch import nn

from fuzzing.outcome import count, outcome

IMAGES = 16
EVERY = ("train_dataloader.batch_size", "train_dataloader.dataset.indices", "optim_wrapper.optimizer.lr")
"""Settings that change a training."""
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
FLAGS = (("--resume",), ("--resume",), ("--resume",), ("--resume",), (), ("--overwrite",), ("--resume", "--overwrite"))


class Trial:
    """Trainings in a folder.

    Args:
        root: a folder with scenes in ``train`` and ``test``.
        folder: the folder of the trainings.
        name: the name of the runs, for each of which mmengine has one logger.
    """

    def __init__(self, root: Path, folder: Path, name: str) -> None:
        self.root, self.folder, self.name, self.runs = root, folder, name, 0

    def train(self, settings: dict, *flags: str) -> list[int]:
        """Train, and return the number of the epoch of every iteration."""
        from mmengine.runner import EpochBasedTrainLoop

        from mmseg_mm.engine import run_host_script

        self.runs += 1
        options = {f"{part}_dataloader.dataset.data_root": self.root / part for part in ("train", "test")}
        options |= {"experiment_name": f"{self.name}_{self.runs}", "visualizer.name": f"{self.name}_{self.runs}"}
        words = [f"{key}={value}" for key, value in {**settings, **options, "launcher": "none"}.items()]
        made: list[int] = []
        host = EpochBasedTrainLoop.run_iter
        EpochBasedTrainLoop.run_iter = lambda loop, *args: (made.append(loop.epoch), host(loop, *args))[1]
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                work = ["--work-dir", str(self.folder)]
                run_host_script("train.py", [str(self.root / "tiny.py"), *work, *flags, "--cfg-options", *words])
        finally:
            EpochBasedTrainLoop.run_iter = host
        return made

    def stop_at(self, name: str) -> dict:
        """Delete all checkpoints but one, as if training had been stopped there, and return its content."""
        for path in [*self.folder.glob("*.pth"), self.folder / "last_checkpoint"]:
            if path.name != name:
                path.unlink(missing_ok=True)
        return torch.load(self.folder / name, weights_only=True)

    def weight(self, epoch: int) -> torch.Tensor:
        """Return the weight at the end of an epoch."""
        return torch.load(self.folder / f"epoch_{epoch}.pth", weights_only=True)["state_dict"]["weight"]


def write_config(root: Path) -> None:
    """Write the demo's config with a network of four weights and small images."""
    from mmengine.config import Config

    config = Config.fromfile(Path(__file__).parents[3] / "configs" / "SOD" / "mutualformer_demo.py")
    config.model = {"type": "FourWeights"}
    config.default_hooks.checkpoint.update(every_iters=1, max_keep_ckpts=9)
    config.val_dataloader = config.val_cfg = config.val_evaluator = None
    for loader in (config.train_dataloader, config.test_dataloader):
        next(step for step in loader.dataset.pipeline if step["type"] == "Resize")["scale"] = (16, 16)
    config.dump(root / "tiny.py")


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


def fuzz(times: int, seed: int) -> Counter:
    """Count the outcomes of second runs in the folder of a stopped one, by the settings that were changed."""
    if not times:
        return Counter()
    import mmengine.config
    import mmengine.runner.runner

    from fastreid_mm.common.errors import InputError
    from mmseg_mm import engine  # noqa: F401  registers
    from toy_scenes.scenes import make_toy_rgbd

    mmengine.runner.runner.collect_env = dict  # takes seconds
    warnings.simplefilter("ignore")
    register()
    rng, counts = random.Random(seed), Counter()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        make_toy_rgbd(root, train=IMAGES, test=2, size=32)
        write_config(root)
        mmengine.config.Config.pretty_text = ""  # takes most of the time of saving
        firsts = [{**FIRST, "train_dataloader.drop_last": drop_last} for drop_last in (True, False)]
        for number, first in enumerate(firsts):
            Trial(root, root / f"first{number}", f"first{seed}_{number}").train(first)
        for index in range(times):
            number = rng.randrange(len(firsts))
            first, trial = firsts[number], Trial(root, root / str(index), f"t{seed}_{index}")
            shutil.copytree(root / f"first{number}", trial.folder)
            ends = {epoch: trial.weight(epoch) for epoch in (1, 2)}
            state = trial.stop_at(rng.choice(sorted(path.name for path in trial.folder.glob("*.pth"))))
            changed = rng.sample(sorted(OTHER), rng.choice((0, 1, 1, 2)))
            second, flags = {**first, **{key: rng.choice(OTHER[key]) for key in changed}}, rng.choice(FLAGS)
            made: list[int] = []
            result = outcome(lambda: made.extend(trial.train(second, *flags)), (InputError,))  # noqa: B023
            right = expected(first, second, flags, state["meta"])
            if result == "works":
                same = flags == ("--resume",) or second["randomness.seed"] == first["randomness.seed"]
                begun = state["state_dict"]["weight"] if flags == ("--resume",) else torch.zeros(4)
                result = judge(trial, made, right, begun, ends if same and first | _free(second) == second else {})
            elif result.startswith("refused") and right is not None:
                result = "WRONG: refused"
            kind = f"{' '.join(flags) or 'no flag'}: {', '.join(_short(k) for k in changed if first[k] != second[k])}"
            count(counts, kind.removesuffix(": "), result, f"resume {index} of seed {seed}, {second} {flags}")
    return counts


def _free(settings: dict) -> dict:
    """Return the settings that do not change a training."""
    free = ("num_workers", "max_epochs", "val_interval", "seed")
    return {key: value for key, value in settings.items() if key.endswith(free)}


def _short(key: str) -> str:
    return key.split(".")[-1].replace("indices", "images")


def judge(trial: Trial, made: list[int], right: list[int] | None, begun: torch.Tensor, ends: dict) -> str:
    """Compare a run with what it should have done.

    Args:
        trial: the folder after the run.
        made: the epochs of the run's iterations.
        right: the epochs that they should be.
        begun: the weight that the run began with.
        ends: the weights at the ends of epochs of a training that was never stopped, if this run should equal it.
    """
    if made != right:
        return f"WRONG: iterations of epochs {made} instead of {right}"
    for epoch in sorted({epoch + 1 for epoch in made}):
        if not (trial.folder / f"epoch_{epoch}.pth").is_file():
            return f"WRONG: no checkpoint of epoch {epoch}"
        if torch.equal(trial.weight(epoch), begun):
            return "WRONG: weights have not moved"
        if epoch in ends and not torch.equal(trial.weight(epoch), ends[epoch]):
            return "WRONG: other weights than those of a training that was never stopped"
    return "works"
