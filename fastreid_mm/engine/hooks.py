"""Training hooks that fast-reid lacks or gets wrong."""

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

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.output_dir import LAST_TEST
from fastreid_mm.common.whole_file import write_text
from fastreid_mm.engine.distributed import share_buffers
from fastreid_mm.engine.interruption import interim_name, prune_interim
from fastreid_mm.evaluation.results import Results


class EpochTest(EvalHook):
    """Test every ``period`` epochs and at the end, and in a resumed run first the test that was interrupted, if any.

    A test follows the checkpoint of its epoch, so a run that fails in it is resumed with that test. The iteration of
    the last test is kept in ``OUTPUT_DIR``. fast-reid's hook also made the final test after a failure in the last
    epoch.
    """

    def __init__(self, period: int, test: Callable[[], Results]) -> None:
        super().__init__(period, test)
        self._epochs_are_done = False

    def before_epoch(self) -> None:
        """Make the test of the checkpoint that the run was resumed from, if it is missing."""
        trainer, done = self.trainer, self.trainer.start_epoch
        between = trainer.epoch == done and trainer.start_iter == done * trainer.iters_per_epoch
        if between and done and self._is_due(done) and self._is_owed():
            self._do_eval_at(trainer.start_iter - 1)

    def after_epoch(self) -> None:
        """Test if it is time."""
        super().after_epoch()
        self._epochs_are_done = self.trainer.epoch + 1 >= self.trainer.max_epoch

    def after_train(self) -> None:
        """Make the final test, unless training has failed."""
        trainer = self.trainer
        if trainer.start_epoch >= trainer.max_epoch:  # there was nothing to train
            if self._is_owed():
                self._do_eval_at(trainer.start_iter - self._is_due(trainer.start_epoch))
            else:
                self._func()
        elif self._epochs_are_done:
            super().after_train()

    def _is_due(self, done: int) -> bool:
        """Tell whether a test follows a number of epochs; with period 0 only the final one does, as in fast-reid."""
        return self._period > 0 and done % self._period == 0

    def _do_eval(self) -> None:
        super()._do_eval()
        if comm.is_main_process():
            write_text(os.path.join(self.trainer.cfg.OUTPUT_DIR, LAST_TEST), str(self.trainer.iter))

    def _do_eval_at(self, iteration: int) -> None:
        """Test, and log the results at another iteration than the current one."""
        storage = self.trainer.storage
        storage.iter = iteration
        self._do_eval()
        storage.iter = self.trainer.iter

    def _is_owed(self) -> bool:
        """Tell whether the test at the checkpoint is missing, by the files of the first process."""
        path = Path(self.trainer.cfg.OUTPUT_DIR, LAST_TEST)
        text = path.read_text() if path.is_file() else ""
        return comm.all_gather(not text.isdigit() or int(text) < self.trainer.start_iter)[0]


class EpochCheckpointer(HookBase):
    """Checkpoints every ``period`` epochs, at the end, and before every test, while every process waits.

    Unlike fast-reid's hook, it keeps no ``model_best``: that would be chosen by the score on the test set. Checkpoints
    made only for a test are kept like those within epochs, of which the newest stay.
    """

    def __init__(self, period: int, test_period: int) -> None:
        self._period, self._test_period = period, test_period

    def after_epoch(self) -> None:
        """Save if it is time."""
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
    """Writer of fast-reid that writes the last iteration of an epoch together with the test that follows it.

    The host's writers drop numbers of an iteration that they have already written, and so lost every final test. Two
    writes for one of the first two iterations, which are not timed, ended in a division by zero. The host opened its
    files before it was known whether the run may use the folder.
    """

    def __init__(self, build: Callable[[], list[EventWriter]], period: int) -> None:
        super().__init__([], period)
        self._build = build

    def before_train(self) -> None:
        """Open the writers."""
        self._writers = self._build()

    def before_epoch(self) -> None:
        """Write the results of a test that a resumed run has made first."""
        if self.trainer.epoch == self.trainer.start_epoch and self.trainer.storage.latest():
            for writer in self._writers:
                if not isinstance(writer, CommonMetricPrinter):  # it counts from here
                    writer.write()

    def after_step(self) -> None:
        """Write if it is time, but not in the last iteration of an epoch."""
        if (self.trainer.iter + 1) % self.trainer.iters_per_epoch:
            super().after_step()

    def after_train(self) -> None:
        """Write the results of the final test, and close the writers."""
        if self.trainer.iter >= self.trainer.max_iter:  # the final test may just have been made
            for writer in self._writers:
                writer.write()
        super().after_train()


class LayerFreeze(HookBase):
    """Freezing of layers in the first iterations, with their BatchNorm statistics.

    fast-reid's hook handles only the model's direct children, updates statistics again after a test in between, and
    computes gradients that are not needed.

    Args:
        model: the model, not wrapped for several processes.
        patterns: ``MODEL.FREEZE_LAYERS``: regular expressions for the beginning of a layer's or parameter's name.
        iters: ``SOLVER.FREEZE_ITERS``, the number of iterations.

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
        ]  # without a neck's bias, which is never trained
        self._iters, self._frozen = iters, False

    def before_step(self) -> None:
        """Freeze the layers, or release them."""
        if self.trainer.iter < self._iters:
            self._set(frozen=True)  # each time, since a test sets the whole model back to training mode
        elif self._frozen:
            self._set(frozen=False)

    def _set(self, frozen: bool) -> None:
        self._frozen = frozen
        for module in self._modules:
            module.training = not frozen
        for parameter in self._parameters:
            parameter.requires_grad_(not frozen)


class ProgressBar(HookBase):
    """Progress bar with losses, learning rate and remaining time on a terminal; elsewhere fast-reid logs lines."""

    @staticmethod
    def wanted() -> bool:
        """Tell whether this is the first process and its standard error a terminal."""
        return comm.is_main_process() and sys.stderr.isatty()

    def before_train(self) -> None:
        """Draw the bar."""
        self._bar = tqdm(total=self.trainer.max_iter, initial=self.trainer.start_iter, unit="it", dynamic_ncols=True)

    def after_step(self) -> None:
        """Update the bar."""
        latest = self.trainer.storage.latest()
        values = {name.removeprefix("loss_"): f"{value:.3g}" for name, (value, _) in latest.items() if "loss" in name}
        if "lr" in latest:
            values["lr"] = f"{latest['lr'][0]:.1e}"
        self._bar.set_description(f"epoch {self.trainer.epoch + 1}/{self.trainer.max_epoch}", refresh=False)
        self._bar.set_postfix(values, refresh=False)
        self._bar.update()

    def after_train(self) -> None:
        """Close the bar."""
        self._bar.close()
