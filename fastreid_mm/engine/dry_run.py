"""Dry run: a step of training and a tiny test that show whether a run will work, and how long it will take."""

import logging
import resource
import sys
import time
from collections.abc import Callable
from functools import partial

import torch
from fastreid.utils.events import EventStorage

from fastreid_mm.data.build import build_dataset, build_test_loader
from fastreid_mm.engine.distributed import unwrap
from fastreid_mm.engine.trainer import MMTrainer

logger = logging.getLogger("fastreid.mm")


def dry_run(trainer: MMTrainer) -> str:
    """Make a first and a timed second step, embed one batch of every test set, and save nothing.

    Building the trainer has already read the data sets, loaded the weights and drawn the galleries of every protocol.

    Returns:
        A line with the time of an epoch and of a test, and the memory, which is logged, too.

    Raises:
        InputError: the run would not work.
    """
    model, step = unwrap(trainer.model).train(), trainer._trainer
    with EventStorage(0):
        step.start_epoch(0)
        step.run_step()
        if trainer.iters_per_epoch == 1:
            step.start_epoch(1)
        seconds = _seconds(step.run_step)
    tests = 0.0
    model.eval()
    for name in trainer.cfg.DATASETS.TESTS:
        loader = build_test_loader(trainer.cfg, build_dataset(trainer.cfg, name))
        batch = next(iter(loader))
        with torch.no_grad():
            tests += len(loader) * _seconds(partial(model, batch))
    text = (
        f"Dry run: {trainer.iters_per_epoch} iterations of {seconds:.2f} s, "
        f"{_duration(seconds * trainer.iters_per_epoch)} an epoch, {_duration(seconds * trainer.max_iter)} for all "
        f"{trainer.max_epoch}; {_duration(tests)} for the features of a test; {_memory():.1f} GiB of memory. "
        "Nothing is saved"
    )
    logger.info(text)
    return text


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


def _duration(seconds: float) -> str:
    if seconds >= 36000:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.0f} min" if seconds >= 600 else f"{seconds:.0f} s"


def _memory() -> float:
    """Return the peak memory in GiB, that of the GPU if there is one."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**30
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**30 if sys.platform == "darwin" else 2**20)
