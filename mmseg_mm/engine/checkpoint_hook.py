"""Checkpoints that survive a stop at any moment."""

import signal
import threading
from inspect import signature
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import all_reduce, get_world_size, is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from fastreid_mm.errors import InputError
from fastreid_mm.stopping import KEPT, STOPPED
from mmseg_mm.engine.finite_loss import require_finite_loss
from mmseg_mm.engine.safe_checkpoint import purpose_of
from mmseg_mm.engine.whole_checkpoint import BACKEND, WholeFileBackend, newest_whole
from mmseg_mm.engine.work_folder import WorkFolder


@HOOKS.register_module()
class ResumableCheckpointHook(CheckpointHook):
    """mmengine's ``CheckpointHook``, with checkpoints within an epoch and on SIGTERM.

    Files are complete or not there, and a test comes after a checkpoint. A damaged one is left out when resuming. A run
    that would write over another says so. An ``EpochSeedHook`` lets a run go on in the middle of an epoch.

    Args:
        every_iters: Every how many iterations there is a checkpoint besides those of epochs. The two newest are kept.
        overwrite: Whether to begin anew where there is a training already, and to delete all that it has left.
        hook: Further arguments of mmengine's hook.

    Raises:
        InputError: An argument is none of those, which mmengine's hook would say at the first checkpoint, or has a
            value that cannot be. On use, ``save_best`` is no metric.
    """

    def __init__(self, every_iters: int = 0, overwrite: bool = False, **hook) -> None:
        unknown = hook.keys() - signature(CheckpointHook).parameters.keys()
        if unknown:
            raise InputError(f"default_hooks.checkpoint.{min(unknown)} is not an argument of {type(self).__name__}")
        for key, value in {"every_iters": every_iters, "interval": hook.get("interval", 1)}.items():
            if type(value) is not int:
                raise InputError(f"default_hooks.checkpoint.{key} must be a whole number, got {value!r}")
        if hook.get("filename_tmpl", "{}").count("{}") != 1:
            raise InputError(
                f"default_hooks.checkpoint.filename_tmpl {hook['filename_tmpl']!r} needs {{}} for the number"
            )
        self._given = hook.keys()
        super().__init__(**{"backend_args": {"backend": BACKEND}, **hook})
        self.every_iters, self.overwrite = every_iters, overwrite
        self._told = False
        self._saved = 0
        self._before: Any = None

    def _init_rule(self, rules: list[str | None], key_indicators: list[str]) -> None:
        """Say that less is better of MAE and more of all else; mmengine guesses by parts of the data sets' names."""
        rules = rules * len(key_indicators) if len(rules) == 1 else rules
        for rule in rules:
            if rule not in (None, *self.rule_map):
                raise InputError(f"default_hooks.checkpoint.rule {rule!r} is not one of {', '.join(self.rule_map)}")
        by_name: list[str | None] = ["less" if key.split("/")[-1] == "MAE" else "greater" for key in key_indicators]
        if {"greater_keys", "less_keys"} & self._given:
            by_name = [None] * len(key_indicators)
        known = [rule if rule or key == "auto" else own for rule, key, own in zip(rules, key_indicators, by_name)]
        super()._init_rule(known, key_indicators)

    def before_run(self, runner: Runner) -> None:
        """Choose the checkpoint to resume from, or refuse or clear a folder that is used.

        Raises:
            InputError: The folder has another training in it, and the run neither resumes nor overwrites; or it has
                nothing to resume from but what training leaves.
        """
        if purpose_of(runner) == "predict":
            return
        own = self.out_dir and str(Path(self.out_dir, Path(runner.work_dir).name))
        folder = WorkFolder(runner.work_dir, own, self.filename_tmpl)
        if runner._resume:
            self._choose(runner, folder)
        elif not self.overwrite:
            folder.require_unused()
        elif is_main_process():
            folder.clear(runner.log_dir)

    def _choose(self, runner: Runner, folder: WorkFolder) -> None:
        """Resume from the newest whole checkpoint of the folder, or from ``load_from`` if that is one of them.

        If there is none, training resumes from ``load_from``, or else begins.
        """
        states = folder.states()
        if runner._load_from and Path(runner._load_from).resolve() in [path.resolve() for path in states]:
            return
        found = newest_whole(states)
        if not states:
            folder.require_unused()
        if found and runner._load_from:
            runner.logger.info(f"--resume goes on from {found}, not from {runner._load_from} where training began")
        runner._load_from = str(found) if found else runner._load_from
        runner._resume = runner._load_from is not None

    def before_train(self, runner: Runner) -> None:
        """Listen to SIGTERM, and say so if a resumed training is at its end already."""
        super().before_train(runner)
        loop = runner.train_loop
        if loop.iter > 0 and (loop.epoch >= loop.max_epochs or loop.iter >= loop.max_iters):
            runner.logger.warning(f"{runner._load_from} is at the end of the training: test_sod.py tests it")
        if threading.current_thread() is threading.main_thread():  # No other may ask for signals.
            self._before = signal.signal(signal.SIGTERM, self._note)

    def _note(self, *_: object) -> None:
        self._told = True

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Save when it is time, or when any of the processes was told to stop.

        Raises:
            InputError: A loss is not finite. Nothing is saved but its batch.
            SystemExit: The run was told to stop, and its state is saved.
        """
        require_finite_loss(runner, data_batch, outputs)
        super().after_train_iter(runner, batch_idx, data_batch, outputs)
        stop = self._told
        if get_world_size() > 1:
            told = torch.tensor(float(stop), device=next(runner.model.parameters()).device)
            all_reduce(told)
            stop = bool(told)
        done = runner.iter + 1
        if stop or (self.every_iters > 0 and done % self.every_iters == 0):
            self._save_within_epoch(runner, done)
        if stop:
            runner.logger.warning(f"Stopped by SIGTERM after {done} iterations, which are saved: --resume goes on")
            raise SystemExit(STOPPED)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Note how far the training is saved."""
        if "optimizer" in checkpoint:
            self._saved = checkpoint["meta"]["iter"]

    def before_val(self, runner: Runner) -> None:
        """Save what is not saved yet, so that a test that fails costs nothing."""
        if purpose_of(runner) != "predict" and runner.iter > self._saved:
            self._save_within_epoch(runner, runner.iter)

    def after_val_epoch(self, runner: Runner, metrics: dict) -> None:
        """Save what is best as mmengine does.

        Raises:
            InputError: ``save_best`` is none of the metrics.
        """
        unknown = [key for key in self.save_best or () if metrics and key not in (*metrics, "auto")]
        if unknown:
            raise InputError(f"default_hooks.checkpoint.save_best {unknown[0]!r} is not one of {', '.join(metrics)}")
        super().after_val_epoch(runner, metrics)

    def _save_within_epoch(self, runner: Runner, done: int) -> None:
        name = f"iter_{done:07d}.pth"
        meta = {"epoch": runner.epoch, "iter": done}
        runner.save_checkpoint(self.out_dir, name, meta=meta, by_epoch=False, backend_args=self.backend_args)
        if is_main_process():
            folder = Path(self.out_dir)
            WholeFileBackend().put(str(folder / name).encode(), Path(runner.work_dir) / "last_checkpoint")
            for path in sorted(folder.glob(f"iter_{'[0-9]' * 7}.pth"))[:-KEPT]:
                path.unlink()

    def after_train(self, runner: Runner) -> None:
        """Leave SIGTERM to whom it was before."""
        super().after_train(runner)
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)
