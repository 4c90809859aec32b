"""Check that a resumed training has the batches, optimizer and schedule of the one that was stopped.

A position in training is a number of iterations, and the state of optimizer and schedule is the checkpoint's. Both mean
something else, or ignore the config, if one of these settings has another value.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.dist import get_world_size
from mmengine.runner import EpochBasedTrainLoop, Runner

from fastreid_mm.common.errors import InputError, listed
from fastreid_mm.common.training_state import changed_settings
from mmseg_mm.engine.config_values import value_at
from mmseg_mm.engine.run_record import data_checksum

RECORD = "training"
"""Key of the settings in the ``meta`` of a checkpoint."""
BATCH = "train_dataloader.batch_size x processes"
FOLLOWED = ("optim_wrapper.optimizer", "optim_wrapper.paramwise_cfg", "param_scheduler", "train_dataloader.sampler")
"""Parts of a config that a resumed training cannot change, as they are in the checkpoint's state or fix the order."""
DATA = "data"
"""Key of the checksum of the training samples; a difference causes only a warning."""


def training_record(runner: Runner) -> dict[str, object]:
    """Gather the settings that must be equal for a training to continue as if it had never stopped, by key."""
    loader = runner.train_dataloader
    batch = loader.batch_size or getattr(loader.batch_sampler, "batch_size", 0)
    record: dict[str, object] = {
        "train_cfg": type(runner.train_loop).__name__,
        BATCH: batch * get_world_size(),
        "images of an epoch": len(loader.dataset),
        "batches of an epoch": len(loader),
        DATA: data_checksum(runner),
    }
    for key in FOLLOWED:
        record.update(_leaves(key, value_at(runner.cfg.to_dict(), key)))
    return json.loads(json.dumps(record, default=str))  # Tuples and lists count as the same.


def _leaves(key: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, list | tuple):
        value = dict(enumerate(value))
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _leaves(f"{key}.{name}", item)
    elif value is not None:
        yield key, value


def require_same_training(runner: Runner, checkpoint: Mapping, path: str) -> None:
    """Refuse to resume from a checkpoint whose training had other batches, another optimizer or another schedule.

    Raises:
        InputError: A setting differs; it is named with both values. Or the file has no position or no state of an
            optimizer.
    """
    meta: Mapping[str, Any] = checkpoint.get("meta") or {}
    epoch, iteration = meta.get("epoch", -1), meta.get("iter", -1)
    placed = all(type(number) is int and number >= 0 for number in (epoch, iteration))
    if not placed or "optimizer" not in checkpoint:
        raise InputError(
            f"--resume: {path} is not a whole state of a training; load_from={path} begins with its weights"
        )
    now, then = training_record(runner), meta.get(RECORD)
    if not isinstance(then, Mapping):
        _require_position(runner, epoch, iteration, path)
        return
    every = dict.fromkeys([*now, *then])
    differing = changed_settings(every | now, every | {**then})
    images_differ = differing.pop(DATA, None)
    changed = [f"{key} was {was} and is {value}" for key, (was, value) in differing.items()]
    if changed:
        raise InputError(
            f"--resume: the training of {path} cannot go on with other settings: {listed(changed)}; "
            f"load_from={path} without --resume begins another with its weights"
        )
    if images_differ:
        runner.logger.warning(f"{path} was trained on other images: results will differ from an uninterrupted run")


def _require_position(runner: Runner, epoch: int, iteration: int, path: str) -> None:
    """Refuse a position whose iteration is not in its epoch, of a checkpoint without settings."""
    length = len(runner.train_dataloader)
    if isinstance(runner.train_loop, EpochBasedTrainLoop) and not 0 <= iteration - epoch * length < length:
        raise InputError(
            f"--resume: {path} was saved after {iteration} iterations, {epoch} epochs and less than another; epochs of "
            f"train_dataloader.batch_size {runner.train_dataloader.batch_size} have {length}: use the former batch size"
        )
