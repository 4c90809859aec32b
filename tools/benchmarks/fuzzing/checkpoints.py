"""Checkpoints of both packages with text, code and odd values in any entry, loaded as the commands load them."""

import contextlib
import io
import logging
import os
import random
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from fuzzing.campaign import Try
from fuzzing.configs import CONFIGS, RESNET, SMALL, words
from fuzzing.odd_values import change, odd_values

Load = Callable[[Path], Mapping[str, Tensor]]
"""Function that loads a file, and returns the tensors that the model has then."""


class Loader(NamedTuple):
    """A way to load checkpoints: function, an intact checkpoint, the name of its weights, and tensors it may lack."""

    load: Load
    original: dict
    weights: str
    may_miss: tuple[str, ...] = ()
    """Parts of names; "" is in every name."""

    def check(self, content: Any, path: Path, proof: Path) -> None:
        """Save and load a content silently; no code in it may run, and the model must have the file's tensors.

        A tensor that is missing, or has another shape, must be as in the original.
        """
        torch.save(content, path)
        try:
            with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
                state = self.load(path)
        finally:
            if proof.exists():
                proof.unlink()
                raise AssertionError("a text was run")
        entries = content.get(self.weights) if isinstance(content, Mapping) else None
        for name, value in state.items():
            mine = entries.get(name) if isinstance(entries, Mapping) else None
            if not isinstance(mine, Tensor) or mine.shape != value.shape:
                if any(part in name for part in self.may_miss):
                    continue
                mine = self.original[self.weights][name]
            if not torch.equal(torch.nan_to_num(value.cpu()), torch.nan_to_num(mine.to(value.dtype).cpu())):
                raise AssertionError(name)


def tries(rng: random.Random, folder: Path) -> Iterator[Try]:
    """Change entries of a checkpoint, and load it in one of several ways."""
    loaders, proof = {**_reid(folder), **_saliency(folder)}, folder / "ran"
    values = odd_values(str(proof))
    while True:
        name = rng.choice(sorted(loaders))
        content, place = change(loaders[name].original, rng, values)
        path = folder / name.split()[0] / "changed" / "model_0000.pth"
        path.parent.mkdir(parents=True, exist_ok=True)
        call = partial(loaders[name].check, content, path, proof)
        yield Try({f"{name}: {place[0] if place else 'all'}": call}, str(place))


def _reid(folder: Path) -> dict[str, Loader]:
    """List the loaders for resuming a training, and for a trained model."""
    from recording.reid import batch_of

    from fastreid_mm.engine.checkpoint import PER_IDENTITY, SafeCheckpointer
    from fastreid_mm.engine.resuming import training_settings
    from fastreid_mm.engine.trainer import MMTrainer
    from fastreid_mm.inference.trained_model import trained_model
    from fastreid_mm.settings.load import load_config, with_values

    logging.disable(logging.CRITICAL)
    cfg = load_config(str(CONFIGS / "demo" / "agw.yml"), words(SMALL | RESNET))
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
    extras = {"epoch": 0, "iterations": 3, "seed": 1, "config": training_settings(cfg), "iters_per_epoch": 3}
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
        "reid resume": Loader(resume, original, "model"),
        "reid predict": Loader(predict, original, "model", PER_IDENTITY),
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


def _saliency(folder: Path) -> dict[str, Loader]:
    """List the loaders for resuming, starting from weights and predicting, and mmsegmentation's ``init_model``."""
    os.environ["SOD_DATASETS"] = str(folder / "scenes")
    import mmseg_mm  # first

    # isort: split
    from mmengine.config import Config
    from mmengine.runner import Runner
    from mmseg.apis import init_model

    from mmseg_mm.engine.checkpoint_match import TRAINING_ONLY
    from toy_scenes.scenes import make_toy_rgbd

    make_toy_rgbd(folder / "scenes", train=2, test=1, size=64)
    config = Config.fromfile(CONFIGS / "SOD" / "mutualformer_demo.py")
    options = {"work_dir": str(folder / "sod"), "train_dataloader.batch_size": 2, "log_level": "CRITICAL"}
    options |= {"train_cfg.max_epochs": 1, "train_cfg.val_interval": 9, "launcher": "none"}
    config.merge_from_dict(options)
    Runner.from_cfg(config).train()
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

    loads: dict[str, tuple[Load, tuple[str, ...]]] = {
        "resume": (resume, ()),
        "load_from": (load_from, ("",)),
        "predict": (lambda path: mmseg_mm.init_rgbd_model(config, path).state_dict(), TRAINING_ONLY),
        # mmengine reports what does not fit
        "init_model": (lambda path: init_model(config.copy(), str(path), "cpu").state_dict(), ("",)),
    }
    original = torch.load(folder / "sod" / "epoch_1.pth", weights_only=True)
    return {f"saliency {name}": Loader(load, original, "state_dict", miss) for name, (load, miss) in loads.items()}
