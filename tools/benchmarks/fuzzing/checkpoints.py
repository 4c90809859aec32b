"""Checkpoints of both packages with text, code and odd values in any entry, loaded as the commands load them."""

import contextlib
import io
import logging
import os
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fuzzing.odd_values import change, odd_values
from fuzzing.outcome import count, outcome

Loader = Callable[[Path], Mapping[str, Tensor]]
"""Function that loads a file, and returns the tensors that the model has then."""


def fuzz(times: int, seed: int) -> Counter:
    """Count the outcomes of loading changed checkpoints, by loader and changed entry.

    No code in a file may run, and a loaded model must have the file's tensors.
    """
    if not times:
        return Counter()
    from fastreid_mm.common.errors import InputError

    rng, counts = random.Random(seed), Counter()
    with tempfile.TemporaryDirectory() as name:
        folder, proof = Path(name), Path(name) / "ran"
        loaders = {**_reid(folder), **_saliency(folder)}
        values = odd_values(str(proof))
        for index in range(times):
            kind = rng.choice(sorted(loaders))
            load, original, weights, may_miss = loaders[kind]
            content, place = change(original, rng, values)
            path = folder / kind.split()[0] / "changed" / "model_0000.pth"
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.save(content, path)
            result = outcome(lambda: _load(load, path, content, original, weights, may_miss), (InputError,))  # noqa: B023
            result = "WRONG: a text was run" if proof.exists() else result.replace("CRASH WrongError", "WRONG")
            proof.unlink(missing_ok=True)
            count(
                counts, f"{kind}: {place[0] if place else 'all'}", result, f"checkpoint {index} of seed {seed}, {place}"
            )
    return counts


class WrongError(Exception):
    """Error of a model whose tensors are not those of the file."""


def _load(load: Loader, path: Path, content: Any, original: dict, weights: str, may_miss: tuple[str, ...]) -> None:
    """Load a file silently, and compare the model's tensors with the file's, or with the original's if missing."""
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        state = load(path)
    entries = content.get(weights) if isinstance(content, Mapping) else None
    for name, value in state.items():
        mine = entries.get(name) if isinstance(entries, Mapping) else None
        if not isinstance(mine, Tensor) or mine.shape != value.shape:
            if may_miss == ("",) or name.startswith(may_miss) or any(part in name for part in may_miss):
                continue
            mine = original[weights][name]
        if not torch.equal(torch.nan_to_num(value.cpu()), torch.nan_to_num(mine.to(value.dtype).cpu())):
            raise WrongError(name)


def _reid(folder: Path) -> dict[str, tuple[Loader, dict, str, tuple[str, ...]]]:
    """List the loaders for resuming a training, and for a trained model."""
    from recording.reid import batch_of

    from fastreid_mm.engine.checkpoint import PER_IDENTITY, SafeCheckpointer
    from fastreid_mm.engine.resuming import saved_settings
    from fastreid_mm.engine.trainer import MMTrainer
    from fastreid_mm.inference.trained_model import trained_model
    from fastreid_mm.settings.load import load_config, with_values
    from fuzzing.configs import CONFIGS, RESNET, SMALL

    logging.disable(logging.CRITICAL)
    cfg = load_config(str(CONFIGS / "agw.yml"), [word for pair in (SMALL | RESNET).items() for word in pair])
    cfg = with_values(cfg, MODEL__DEVICE="cpu", MODEL__BACKBONE__PRETRAIN=False)

    def parts() -> tuple[torch.nn.Module, Any, dict]:
        model = MMTrainer.build_model(cfg).train()
        optimizer = MMTrainer.build_optimizer(cfg, model)
        return model, optimizer, MMTrainer.build_lr_scheduler(cfg, optimizer, iters_per_epoch=3)

    model, optimizer, schedules = parts()
    sum(model(batch_of(cfg)).values()).backward()
    optimizer.step()
    home = folder / "reid"
    home.mkdir()
    extras = {"epoch": 0, "iterations": 3, "seed": 1, **saved_settings(cfg, 3)}
    extras |= {"data": "0" * 64, "num_classes": 5, "buffers": []}
    SafeCheckpointer(model, str(home), optimizer=optimizer, **schedules).save("model_0000", **extras)

    def resume(path: Path) -> Mapping[str, Tensor]:
        model, optimizer, schedules = parts()
        checkpointer = SafeCheckpointer(model, str(path.parent), optimizer=optimizer, **schedules)
        checkpointer.resume_or_load("", resume=True)
        if checkpointer.resumed:
            _step(model, optimizer, schedules.values())
        return checkpointer.model.state_dict() if checkpointer.resumed else {}

    def predict(path: Path) -> Mapping[str, Tensor]:
        return trained_model(with_values(cfg, MODEL__WEIGHTS=str(path))).state_dict()

    original = torch.load(home / "model_0000.pth", weights_only=True)
    return {
        "reid resume": (resume, original, "model", ("no such",)),
        "reid predict": (predict, original, "model", PER_IDENTITY),
    }


def _step(model: torch.nn.Module, optimizer: Any, schedules: Any) -> None:
    """Use the state of an optimizer and of schedules without changing the model."""
    kept = {name: value.clone() for name, value in model.state_dict().items()}
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    for schedule in schedules:
        schedule.step()
    model.load_state_dict(kept)


def _saliency(folder: Path) -> dict[str, tuple[Loader, dict, str, tuple[str, ...]]]:
    """List the loaders for resuming, starting from weights and predicting, and mmsegmentation's ``init_model``."""
    os.environ["SOD_DATASETS"] = str(folder / "scenes")
    from mmengine.config import Config
    from mmengine.runner import Runner
    from mmseg.apis import init_model

    import mmseg_mm
    from mmseg_mm.engine.checkpoint_match import TRAINING_ONLY
    from toy_scenes.scenes import make_toy_rgbd

    make_toy_rgbd(folder / "scenes", train=2, test=1, size=64)
    config = Config.fromfile(Path(__file__).parents[3] / "configs" / "SOD" / "mutualformer_demo.py")
    options = {"work_dir": str(folder / "sod"), "train_dataloader.batch_size": 2, "log_level": "CRITICAL"}
    options |= {"train_cfg.max_epochs": 1, "train_cfg.val_interval": 9, "launcher": "none"}
    config.merge_from_dict(options)
    Runner.from_cfg(config).train()
    original = torch.load(folder / "sod" / "epoch_1.pth", weights_only=True)
    again = config.copy()
    again.merge_from_dict({"work_dir": str(folder / "again"), "experiment_name": "again", "resume": True})
    runner = Runner.from_cfg(again)
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    runner.param_schedulers = runner.build_param_scheduler(runner.param_schedulers)
    runner.call_hook("before_run")
    begin = {name: value.clone() for name, value in runner.model.state_dict().items()}

    def resume(path: Path) -> Mapping[str, Tensor]:
        runner.model.load_state_dict(begin)
        runner._resume, runner.optim_wrapper = True, config.optim_wrapper
        runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
        runner.param_schedulers = runner.build_param_scheduler(config.param_scheduler)
        runner.resume(str(path))
        _step(runner.model, runner.optim_wrapper.optimizer, runner.param_schedulers)
        return runner.model.state_dict()

    def load_from(path: Path) -> Mapping[str, Tensor]:
        runner.model.load_state_dict(begin)
        runner._resume = False
        runner.load_checkpoint(str(path))
        return runner.model.state_dict()

    def predict(path: Path) -> Mapping[str, Tensor]:
        return mmseg_mm.init_rgbd_model(config, path).state_dict()

    def host(path: Path) -> Mapping[str, Tensor]:
        return init_model(config.copy(), str(path), "cpu").state_dict()

    return {
        "saliency resume": (resume, original, "state_dict", ("no such",)),
        "saliency load_from": (load_from, original, "state_dict", ("",)),
        "saliency predict": (predict, original, "state_dict", TRAINING_ONLY),
        "saliency init_model": (host, original, "state_dict", ("",)),  # mmengine reports what does not fit
    }
