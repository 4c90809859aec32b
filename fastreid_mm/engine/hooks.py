"""Hooks that fast-reid lacks or gets wrong."""

import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from fastreid.engine.hooks import EvalHook, PeriodicWriter
from fastreid.engine.train_loop import HookBase
from fastreid.utils import comm
from fastreid.utils.events import CommonMetricPrinter, EventWriter
from torch import nn
from tqdm import tqdm

from fastreid_mm.engine.distributed import share_buffers
from fastreid_mm.engine.interruption import interim_name, prune_interim
from fastreid_mm.engine.output_dir import LAST_TEST
from fastreid_mm.errors import InputError
from fastreid_mm.evaluation.results import Results
from fastreid_mm.whole_file import write_text


class EpochTest(EvalHook):
    """fast-reid's test every so many epochs and at the end, and first the one that a resumed run still owes.

    A test comes after the checkpoint of its epoch, so a run that fails in it goes on from there: with that test. Which
    test was the last is kept in ``OUTPUT_DIR``. fast-reid's also made the final test when the last epoch had failed.

    Args:
        period: epochs between tests.
        test: makes one, and returns its numbers.
    """

    def __init__(self, period: int, test: Callable[[], Results]) -> None:
        super().__init__(period, test)
        self._epochs_are_done = False

    def before_epoch(self) -> None:
        """Called by the trainer."""
        trainer, done = self.trainer, self.trainer.start_epoch
        between = trainer.epoch == done and trainer.start_iter == done * trainer.iters_per_epoch
        if between and done and self._is_due(done) and self._is_owed():
            self._do_eval_at(trainer.start_iter - 1)

    def after_epoch(self) -> None:
        """Called by the trainer."""
        super().after_epoch()
        self._epochs_are_done = self.trainer.epoch + 1 >= self.trainer.max_epoch

    def after_train(self) -> None:
        """Called by the trainer."""
        trainer = self.trainer
        if trainer.start_epoch >= trainer.max_epoch:  # there was nothing to train
            if self._is_owed():
                self._do_eval_at(trainer.start_iter - self._is_due(trainer.start_epoch))
            else:
                self._func()
        elif self._epochs_are_done:
            super().after_train()

    def _is_due(self, done: int) -> bool:
        """Whether a test follows so many epochs; none does but the last at period 0, as in fast-reid."""
        return self._period > 0 and done % self._period == 0

    def _do_eval(self) -> None:
        super()._do_eval()
        if comm.is_main_process():
            write_text(os.path.join(self.trainer.cfg.OUTPUT_DIR, LAST_TEST), str(self.trainer.iter))

    def _do_eval_at(self, iteration: int) -> None:
        """Test, with the iteration that the files would have it at."""
        storage = self.trainer.storage
        storage.iter = iteration
        self._do_eval()
        storage.iter = self.trainer.iter

    def _is_owed(self) -> bool:
        """Whether the test at the checkpoint was not made, as the first process knows."""
        path = Path(self.trainer.cfg.OUTPUT_DIR, LAST_TEST)
        text = path.read_text() if path.is_file() else ""
        return comm.all_gather(not text.isdigit() or int(text) < self.trainer.start_iter)[0]


class EpochCheckpointer(HookBase):
    """Saves every ``period`` epochs, at the end, and before every test, while every process waits.

    Unlike fast-reid's, it keeps no ``model_best``: that would be chosen by the score on the test set. A checkpoint that
    only a test asks for is one of those within epochs, of which the newest are kept.

    Args:
        period: ``SOLVER.CHECKPOINT_PERIOD``.
        test_period: epochs between tests.
    """

    def __init__(self, period: int, test_period: int) -> None:
        self._period, self._test_period = period, test_period

    def after_epoch(self) -> None:
        """Called by the trainer."""
        trainer, done = self.trainer, self.trainer.epoch + 1
        if done == trainer.max_epoch:
            self._save("model_final")
        elif self._period > 0 and done % self._period == 0:
            self._save(f"model_{trainer.epoch:04d}")
        elif self._test_period > 0 and done % self._test_period == 0:
            self._save(interim_name(trainer.iter))
            prune_interim(trainer.cfg.OUTPUT_DIR)

    def _save(self, name: str) -> None:
        share_buffers(self.trainer.model)
        self.trainer.save(name, self.trainer.epoch + 1, self.trainer.iter)


class EpochWriter(PeriodicWriter):
    """fast-reid's writer, which takes the last iteration of an epoch together with the test that follows it.

    Its writers drop what comes later for an iteration that they have written, and so lost every final test. Two writes
    for one of the first two iterations, which are not timed, ended in a division by zero. It opened its files before it
    was known whether the run may have the folder.

    Args:
        build: opens the writers.
        period: iterations between writes.
    """

    def __init__(self, build: Callable[[], list[EventWriter]], period: int) -> None:
        super().__init__([], period)
        self._build = build

    def before_train(self) -> None:
        """Called by the trainer."""
        self._writers = self._build()

    def before_epoch(self) -> None:
        """Called by the trainer."""
        if self.trainer.epoch == self.trainer.start_epoch and self.trainer.storage.latest():  # of a test that was owed
            for writer in self._writers:
                if not isinstance(writer, CommonMetricPrinter):  # which counts from here
                    writer.write()

    def after_step(self) -> None:
        """Called by the trainer."""
        if (self.trainer.iter + 1) % self.trainer.iters_per_epoch:
            super().after_step()

    def after_train(self) -> None:
        """Called by the trainer."""
        if self.trainer.iter >= self.trainer.max_iter:  # the final test may just have been made
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
