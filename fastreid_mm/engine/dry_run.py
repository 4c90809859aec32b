"""Dry run: a step of training and a tiny test that show whether a run will work, and how long it will take."""

import logging
from functools import partial

import torch
from fastreid.utils.events import EventStorage
from torch import nn
from yacs.config import CfgNode

from fastreid_mm.common.costs import seconds_of, told
from fastreid_mm.data.build import build_dataset, build_test_loader
from fastreid_mm.engine.distributed import unwrap
from fastreid_mm.engine.trainer import MMTrainer
from fastreid_mm.settings.unread_keys import changed_keys

logger = logging.getLogger("fastreid.mm")


def dry_run(trainer: MMTrainer) -> str:
    """Make a first and a timed second step, embed one batch of every test set, and save nothing.

    Building the trainer has already read the data sets, loaded the weights and drawn the galleries of every protocol.

    The log gets the settings that are not the defaults, and the size of the network, too.

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
        seconds = seconds_of(step.run_step)
    tests = 0.0
    model.eval()
    for name in trainer.cfg.DATASETS.TESTS:
        loader = build_test_loader(trainer.cfg, build_dataset(trainer.cfg, name))
        batch = next(iter(loader))
        with torch.no_grad():
            tests += len(loader) * seconds_of(partial(model, batch))
    text = told(trainer.iters_per_epoch, seconds, trainer.max_epoch, tests, "features")
    logger.info(f"{_summary(trainer.cfg, model)}\n{text}")
    return text


def _summary(cfg: CfgNode, model: nn.Module) -> str:
    """List the settings that are not the defaults, and the size of the network."""
    changed = [text for key, text in changed_keys(cfg) if key != "OUTPUT_DIR"]  # which is a temporary one
    size = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    lines = [f"{len(changed)} settings other than the defaults:", *changed]
    return (
        "\n  ".join(lines)
        + f"\n{cfg.MODEL.META_ARCHITECTURE} with {cfg.MODEL.BACKBONE.NAME}: {size:.2f} million weights"
    )
