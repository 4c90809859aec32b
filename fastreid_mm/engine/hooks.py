"""Hooks that fast-reid lacks or gets wrong."""

import re
import sys
from collections.abc import Sequence

from fastreid.engine.hooks import EvalHook, PeriodicWriter
from fastreid.engine.train_loop import HookBase
from fastreid.utils import comm
from torch import nn
from tqdm import tqdm

from fastreid_mm.engine.distributed import share_buffers
from fastreid_mm.errors import InputError


class EpochTest(EvalHook):
    """fast-reid's test every so many epochs and at the end. It also made the last when the last epoch had failed."""

    def after_train(self) -> None:
        """Called by the trainer."""
        if self.trainer.iter == self.trainer.max_iter:
            super().after_train()


class EpochCheckpointer(HookBase):
    """Saves every ``period`` epochs and at the end, while every process waits.

    Unlike fast-reid's, it keeps no ``model_best``: that would be chosen by the score on the test set.
    """

    def __init__(self, period: int) -> None:
        self._period = period

    def after_epoch(self) -> None:
        """Called by the trainer."""
        trainer, done = self.trainer, self.trainer.epoch + 1
        last = done == trainer.max_epoch
        if not last and (self._period <= 0 or done % self._period):
            return
        share_buffers(trainer.model)
        trainer.save("model_final" if last else f"model_{trainer.epoch:04d}", done, trainer.iter)


class EpochWriter(PeriodicWriter):
    """fast-reid's writer, which takes the last iteration of an epoch together with the test that follows it.

    Its writers drop what comes later for an iteration that they have written, and so lost every final test. Two writes
    for one of the first two iterations, which are not timed, ended in a division by zero.
    """

    def after_step(self) -> None:
        """Called by the trainer."""
        if (self.trainer.iter + 1) % self.trainer.iters_per_epoch:
            super().after_step()

    def after_train(self) -> None:
        """Called by the trainer."""
        if self.trainer.iter == self.trainer.max_iter:  # the final test may just have been made
            for writer in self._writers:
                writer.write()
        super().after_train()


class LayerFreeze(HookBase):
    """Keeps layers as they are for the first iterations, their BatchNorm statistics included.

    fast-reid's acts on the model's own children alone, gathers statistics again after a test in between, and lets
    gradients be computed that nobody needs.

    Args:
        model: the model, not wrapped for several processes.
        patterns: ``MODEL.FREEZE_LAYERS``: what a layer's or parameter's name begins with, regular expressions.
        iters: ``SOLVER.FREEZE_ITERS``, for how many iterations.

    Raises:
        InputError: names a pattern that no parameter's name begins with.
    """

    def __init__(self, model: nn.Module, patterns: Sequence[str], iters: int) -> None:
        for pattern in patterns:
            if not any(re.match(pattern, name) for name, _ in model.named_parameters()):
                raise InputError(f"MODEL.FREEZE_LAYERS: no parameter's name begins with {pattern}")
        begins = re.compile("|".join(f"(?:{pattern})" for pattern in patterns)).match
        self._modules = [module for name, module in model.named_modules() if begins(name)]
        self._parameters = [
            value for name, value in model.named_parameters() if value.requires_grad and begins(name)
        ]  # a neck's bias never learns
        self._iters, self._frozen = iters, False

    def before_step(self) -> None:
        """Called by the trainer."""
        if self.trainer.iter < self._iters:
            self._set(frozen=True)  # each time, since a test puts all of the model back into training mode
        elif self._frozen:
            self._set(frozen=False)

    def _set(self, frozen: bool) -> None:
        self._frozen = frozen
        for module in self._modules:
            module.training = not frozen
        for parameter in self._parameters:
            parameter.requires_grad_(not frozen)


class ProgressBar(HookBase):
    """Losses, learning rate and time left on a terminal. Elsewhere fast-reid's plain lines do that."""

    @staticmethod
    def wanted() -> bool:
        """Whether this is the process whose standard error is a terminal."""
        return comm.is_main_process() and sys.stderr.isatty()

    def before_train(self) -> None:
        """Called by the trainer."""
        self._bar = tqdm(total=self.trainer.max_iter, initial=self.trainer.start_iter, unit="it", dynamic_ncols=True)

    def after_step(self) -> None:
        """Called by the trainer."""
        latest = self.trainer.storage.latest()
        values = {name.removeprefix("loss_"): f"{value:.3g}" for name, (value, _) in latest.items() if "loss" in name}
        if "lr" in latest:
            values["lr"] = f"{latest['lr'][0]:.1e}"
        self._bar.set_description(f"epoch {self.trainer.epoch + 1}/{self.trainer.max_epoch}", refresh=False)
        self._bar.set_postfix(values, refresh=False)
        self._bar.update()

    def after_train(self) -> None:
        """Called by the trainer."""
        self._bar.close()
