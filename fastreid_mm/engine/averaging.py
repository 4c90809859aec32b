"""Exponential moving average of the weights of a training, ``SOLVER.EMA``."""

import os

import torch
from fastreid.engine.train_loop import HookBase
from fastreid.utils import comm
from timm.utils import ModelEmaV3
from torch import nn

from fastreid_mm.common.whole_file import write_whole
from fastreid_mm.engine.distributed import unwrap

NAME = "averaged.pth"
"""Name of the file of the averaged weights, which ``MODEL.WEIGHTS`` takes like a checkpoint."""
SUFFIX = "-EMA"
"""Ending of the names of data sets in results of the averaged weights."""


class WeightAverage(HookBase):
    """Average of the weights and BatchNorm statistics, taken after every iteration, with timm's ``ModelEmaV3``.

    It begins with the weights that training begins with, is part of every checkpoint, and is saved as :data:`NAME` at
    the end.

    Args:
        model: the network, not wrapped for several processes.
        decay: ``SOLVER.EMA.DECAY``, the share of the average that remains.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._average, self.decay = ModelEmaV3(model, decay), decay

    @property
    def model(self) -> nn.Module:
        """Network with the averaged weights, in evaluation mode."""
        return self._average.module

    def before_train(self) -> None:
        """Begin with the weights of the network, unless training is resumed."""
        if self.trainer.start_iter == 0:
            self._average.set(unwrap(self.trainer.model))

    def after_step(self) -> None:
        """Add the new weights."""
        self._average.update(unwrap(self.trainer.model))

    def after_epoch(self) -> None:
        """Save the averaged weights after the last epoch."""
        cfg = self.trainer.cfg
        content = {"model": self.model.state_dict(), "num_classes": cfg.MODEL.HEADS.NUM_CLASSES}
        if self.trainer.epoch + 1 == self.trainer.max_epoch and comm.is_main_process():
            write_whole(os.path.join(cfg.OUTPUT_DIR, NAME), lambda part: torch.save(content, part))
