"""Checkpoints that survive a stop at any moment."""

from collections.abc import Mapping
from functools import partial
from inspect import signature
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import all_reduce, get_rank, get_world_size, is_main_process
from mmengine.fileio import LocalBackend, register_backend
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from fastreid_mm.common.checkpoint_file import first_whole
from fastreid_mm.common.errors import InputError
from fastreid_mm.common.finite_loss import require_finite
from fastreid_mm.common.stopping import STOPPED, StopSignal, delete_all_but_newest
from fastreid_mm.common.used_folder import LAST
from fastreid_mm.common.whole_file import write_whole
from mmseg_mm.engine.safe_checkpoint import purpose_of
from mmseg_mm.engine.work_folder import WorkFolder

BACKEND = "whole_file"
"""Name of :class:`WholeFileBackend` in mmengine."""


class WholeFileBackend(LocalBackend):
    """Backend like mmengine's for local files, which writes them whole or not at all."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write a file under a temporary name, flush it to the disk and rename it.

        Raises:
            WriteError: The file cannot be written, as on a full disk. The file that it was to replace is untouched.
        """
        write_whole(str(filepath), partial(super().put, obj))


register_backend(BACKEND, WholeFileBackend, force=True)


@HOOKS.register_module()
class ResumableCheckpointHook(CheckpointHook):
    """Hook like mmengine's ``CheckpointHook``, with checkpoints within an epoch and on SIGTERM.

    Files appear only when they are complete, and a test comes after a checkpoint. Damaged files are skipped when
    resuming. A run refuses to overwrite another. With an ``EpochSeedHook``, a run can be resumed in the middle of an
    epoch.

    Args:
        every_iters: The number of iterations between additional checkpoints, of which the two newest are kept.
        overwrite: Whether to delete all files of an earlier training in the folder, and to begin anew.
        hook: Further arguments of mmengine's hook.

    Raises:
        InputError: An argument is unknown, which mmengine's hook would report only at the first checkpoint, or its
            value is not allowed. In use, ``save_best`` is no metric.
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
        self._saved, self._signal = 0, StopSignal()

    def _init_rule(self, rules: list[str | None], key_indicators: list[str]) -> None:
        """Set that a lower MAE is better, and higher other metrics; mmengine guesses by the data sets' names."""
        rules = rules * len(key_indicators) if len(rules) == 1 else rules
        for rule in rules:
            if rule not in (None, *self.rule_map):
                raise InputError(f"default_hooks.checkpoint.rule {rule!r} is not one of {', '.join(self.rule_map)}")
        by_name: list[str | None] = ["less" if key.split("/")[-1] == "MAE" else "greater" for key in key_indicators]
        if {"greater_keys", "less_keys"} & self._given:
            by_name = [None] * len(key_indicators)
        chosen = [rule if rule or key == "auto" else name for rule, key, name in zip(rules, key_indicators, by_name)]
        super()._init_rule(chosen, key_indicators)

    def before_run(self, runner: Runner) -> None:
        """Choose the checkpoint to resume from, or refuse or clear a folder that is used.

        Raises:
            InputError: The folder has another training in it, and the run neither resumes nor overwrites it; or the run
                resumes, and the folder has files of a training but no checkpoint.
        """
        if purpose_of(runner) == "predict":
            return
        checkpoints = self.out_dir and str(Path(self.out_dir, Path(runner.work_dir).name))
        folder = WorkFolder(runner.work_dir, checkpoints, self.filename_tmpl)
        if runner._resume:
            self._choose(runner, folder)
        elif not self.overwrite:
            folder.require_unused()
        elif is_main_process():
            folder.clear(runner.log_dir)

    def _choose(self, runner: Runner, folder: WorkFolder) -> None:
        """Resume from the newest whole checkpoint of the folder, or from ``load_from`` if that is in the folder, too.

        If there is none, training resumes from ``load_from`` if it is given, and begins otherwise.
        """
        states = folder.states()
        if runner._load_from and Path(runner._load_from).resolve() in [path.resolve() for path in states]:
            return
        log = runner.logger
        newest = first_whole(states, lambda damage: log.warning(f"checkpoint {damage}; the one before it is used"))
        if not states:
            folder.require_unused()
        if newest and runner._load_from:
            log.info(f"--resume goes on from {newest}, not from {runner._load_from} where training began")
        runner._load_from = str(newest) if newest else runner._load_from
        runner._resume = runner._load_from is not None

    def before_train(self, runner: Runner) -> None:
        """Begin to catch SIGTERM, and warn if a resumed training is already finished."""
        super().before_train(runner)
        loop = runner.train_loop
        if loop.iter > 0 and (loop.epoch >= loop.max_epochs or loop.iter >= loop.max_iters):
            runner.logger.warning(f"{runner._load_from} is at the end of the training: test_sod.py tests it")
        self._signal.listen()

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Save if it is time, or if any process has received SIGTERM.

        Raises:
            NotFiniteError: A loss is not finite. Only its batch is saved.
            SystemExit: The state was saved on SIGTERM.
        """
        total = sum(outputs.values())
        require_finite(total, outputs, lambda: _plain_batch(data_batch), runner.work_dir, runner.iter, get_rank())
        super().after_train_iter(runner, batch_idx, data_batch, outputs)
        stop = self._signal.received
        if get_world_size() > 1:
            stops = torch.tensor(float(stop), device=next(runner.model.parameters()).device)
            all_reduce(stops)
            stop = bool(stops)
        done = runner.iter + 1
        if stop or (self.every_iters > 0 and done % self.every_iters == 0):
            self._save_within_epoch(runner, done)
        if stop:
            runner.logger.warning(f"Stopped by SIGTERM after {done} iterations, which are saved: --resume goes on")
            raise SystemExit(STOPPED)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Remember the iteration of the newest checkpoint."""
        if "optimizer" in checkpoint:
            self._saved = checkpoint["meta"]["iter"]

    def before_val(self, runner: Runner) -> None:
        """Save if the newest checkpoint is older, so that a test that fails loses nothing."""
        if purpose_of(runner) != "predict" and runner.iter > self._saved:
            self._save_within_epoch(runner, runner.iter)

    def after_val_epoch(self, runner: Runner, metrics: dict) -> None:
        """Save the best checkpoint as mmengine does.

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
            WholeFileBackend().put(str(folder / name).encode(), Path(runner.work_dir) / LAST)
            delete_all_but_newest(folder.glob(f"iter_{'[0-9]' * 7}.pth"))

    def after_train(self, runner: Runner) -> None:
        """Restore the previous handler of SIGTERM."""
        super().after_train(runner)
        self._signal.leave()


def _plain_batch(batch: Mapping) -> dict[str, list]:
    samples = batch["data_samples"]
    masks = [sample.gt_sem_seg.data for sample in samples]
    return {"inputs": batch["inputs"], "masks": masks, "img_path": [sample.img_path for sample in samples]}
