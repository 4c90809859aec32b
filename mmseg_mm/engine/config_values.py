"""Checks of the values of a saliency config before anything is built, with errors that name the keys."""

import math
import os
from collections.abc import Mapping
from typing import Any

import torch

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.kinds import NUMBER, SEED, WHOLE

PARTS = ("train", "val", "test")
TOGETHER = {
    "train": ("train_dataloader", "train_cfg", "optim_wrapper"),
    "val": ("val_dataloader", "val_cfg", "val_evaluator"),
    "test": ("test_dataloader", "test_cfg", "test_evaluator"),
}
"""Groups of keys that must be all given or all None."""
COUNTS = {
    **dict.fromkeys(("train_cfg.max_epochs", "train_cfg.max_iters", "train_cfg.val_interval"), 1),
    **{f"{part}_dataloader.batch_size": 1 for part in PARTS},
    **{f"{part}_dataloader.num_workers": 0 for part in PARTS},
    **{f"{part}_dataloader.prefetch_factor": 1 for part in PARTS},
}
"""Keys that must be whole numbers, with the smallest allowed value of each."""
ENVIRONMENT = {"cudnn_benchmark", "mp_cfg", "dist_cfg", "resource_limit"}
"""Keys of ``env_cfg`` that mmengine reads."""
NEED_WORKERS = ("persistent_workers", "prefetch_factor")
"""Keys of a data loader that have an effect only if it has processes."""
HALF = "AmpOptimWrapper"
NO_HALF = (
    "--amp, or optim_wrapper.type AmpOptimWrapper, needs a GPU: training in half precision scales the loss there; "
    "predict_saliency.py --amp works without one"
)


def refuse_impossible(config: Mapping, training: bool, amp: bool = False, resume: bool = False) -> None:
    """Refuse values that mmengine would ignore or would stop at with an assertion.

    Raises:
        InputError: A value is not allowed; names the key and its value.
    """
    for key, least in COUNTS.items():
        value = value_at(config, key)
        if value is not None and not (WHOLE.holds(value) and value >= least):
            raise InputError(f"{key} must be a whole number of at least {least}, got {value!r}")
    unknown = sorted(set(config.get("env_cfg") or {}) - ENVIRONMENT)
    if unknown:
        raise InputError(f"env_cfg.{unknown[0]} has no effect: its keys are {', '.join(sorted(ENVIRONMENT))}")
    for part, keys in TOGETHER.items():
        given = [key for key in keys if config.get(key) is not None]
        if given and len(given) < len(keys):
            missing = next(key for key in keys if key not in given)
            raise InputError(
                f"config has {given[0]} but no {missing}: give all of {', '.join(keys)}, or set all to None"
            )
        loader = config.get(f"{part}_dataloader") or {}
        for key in NEED_WORKERS:
            if loader.get(key) and not loader.get("num_workers"):
                raise InputError(f"{part}_dataloader.{key} {loader[key]!r} needs num_workers of at least 1")
        endless = (value_at(config, f"{part}_dataloader.sampler.type") or "").endswith("InfiniteSampler")
        if endless and not (part == "train" and _by_iterations(config)):
            raise InputError(f"{part}_dataloader.sampler InfiniteSampler never ends: it needs train_cfg.by_epoch=False")
    needed = "train" if training else "test"
    if config.get(f"{needed}_dataloader") is None:
        raise InputError(f"config has no {needed}_dataloader")
    if training:
        _refuse_impossible_training(config, amp, resume)


def _refuse_impossible_training(config: Mapping, amp: bool, resume: bool) -> None:
    wrapper = value_at(config, "optim_wrapper.type") or "OptimWrapper"
    if (amp or wrapper == HALF) and not torch.cuda.is_available():
        raise InputError(NO_HALF)
    if amp and wrapper not in ("OptimWrapper", HALF):
        raise InputError(f"--amp works with optim_wrapper.type OptimWrapper, the config has {wrapper}")
    if config.get("resume") and not resume:
        raise InputError("resume=True in a config has no effect: --resume goes on with a training")
    if config.get("launcher") == "pytorch" and "RANK" not in os.environ:
        raise InputError("--launcher pytorch needs torchrun, which numbers the processes")
    seed = value_at(config, "randomness.seed")
    if seed is not None and not SEED.holds(seed):  # as NumPy takes it
        raise InputError(f"randomness.seed must be a whole number from 0 to {2**32 - 1}, got {seed!r}")
    rate = value_at(config, "optim_wrapper.optimizer.lr")
    if rate is not None and not (NUMBER.holds(rate) and math.isfinite(rate) and rate >= 0):
        raise InputError(f"optim_wrapper.optimizer.lr must be a number of at least 0, got {rate!r}")


def _by_iterations(config: Mapping) -> bool:
    kind, by_epoch = value_at(config, "train_cfg.type"), value_at(config, "train_cfg.by_epoch")
    return by_epoch is False if kind is None else kind == "IterBasedTrainLoop"


def value_at(config: Mapping, key: str) -> Any:
    """Return the value of a dotted key; None if there is none."""
    value: Any = config
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
