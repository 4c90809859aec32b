"""Saving mmengine's checkpoints as plain data, which PyTorch loads without running code from the file."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer
from mmengine.runner import BaseLoop, CheckpointLoader, Runner
from mmseg.registry import HOOKS

from fastreid_mm.errors import InputError
from fastreid_mm.safe_load import MapLocation, load_safely
from mmseg_mm.engine.checkpoint_match import check_settings, check_weights, describe_match, unseen_settings

HISTORY = ("log_history", "count_history", "max_length")
"""The arguments of a ``HistoryBuffer``."""
SETTINGS = "unseen_settings"
"""The key of the settings in the ``meta`` of a checkpoint."""
ADVICE = "--trust-checkpoint if you know its source"


@HOOKS.register_module()
class SafeCheckpointHook(Hook):
    """Saves checkpoints that PyTorch's safe loader accepts, and refuses other files and checkpoints of another model.

    mmengine 0.10.7 saves ``HistoryBuffer`` and NumPy objects, and cannot load its own files with PyTorch 2.6 and later.

    Args:
        trust: Whether to load files that are more than plain data, too. They may run any code, so that this is for
            files from a known source only.
    """

    def __init__(self, trust: bool = False) -> None:
        self.trust = trust
        self._path = ""

    def before_run(self, runner: Runner) -> None:
        """Replace mmengine's loader of local files."""
        CheckpointLoader.register_scheme("", self._read, force=True)

    def _read(self, path: str, map_location: MapLocation) -> Mapping[str, Any]:
        self._path = path
        return read_checkpoint(path, map_location, self.trust)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add the settings that the weights do not show, and convert everything into plain data."""
        checkpoint["meta"][SETTINGS] = unseen_settings(runner.cfg.model)
        checkpoint.update(_plain(checkpoint))

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare the weights and settings with those of the model, and restore the histories.

        Training may begin from a part of the weights, and with other settings: what it takes is logged, with a warning
        if a part of the model gets nothing.

        Raises:
            InputError: The checkpoint belongs to another model.
        """
        purpose = purpose_of(runner)
        states = runner.model.state_dict(), checkpoint.get("state_dict", checkpoint)
        check_weights(*states, self._path, purpose)
        if purpose == "begin":
            counts, skipped = describe_match(*states)
            runner.logger.log(
                logging.WARNING if skipped else logging.INFO,
                f"{self._path}: {counts}" + (f"; nothing for {', '.join(skipped)}" if skipped else ""),
            )
        else:
            check_settings(unseen_settings(runner.cfg.model), checkpoint.get("meta", {}).get(SETTINGS, {}), self._path)
        scalars = checkpoint.get("message_hub", {}).get("log_scalars", {})
        for name, history in scalars.items():
            if isinstance(history, Mapping):
                scalars[name] = HistoryBuffer(*(history[key] for key in HISTORY))


def purpose_of(runner: Runner) -> str:
    """Return what the runner loads a checkpoint for, one of :data:`PURPOSES`.

    The private attribute is read since the property ``train_loop`` would build a loop and its data set.
    """
    if not isinstance(runner._train_loop, BaseLoop):
        return "predict"
    return "resume" if runner._resume else "begin"


def read_checkpoint(
    path: str, map_location: MapLocation = "cpu", trust: bool = False, advice: str = ADVICE
) -> Mapping[str, Any]:
    """Read a checkpoint file.

    Args:
        path: The path of a local file.
        map_location: The device of the tensors, as ``torch.load`` takes it.
        trust: Whether the file may run code.
        advice: What the error says to do about a file that is not trusted.

    Raises:
        InputError: The file is missing, is damaged, is no checkpoint, or is more than plain data but not trusted.
    """
    if not Path(path).exists():
        raise InputError(f"checkpoint {path} does not exist")
    content = load_safely(path, trust, map_location, advice)
    if not isinstance(content, Mapping):
        raise InputError(f"{path} is not a checkpoint: it holds a {type(content).__name__}")
    return content


def _plain(value: object) -> Any:
    if isinstance(value, HistoryBuffer):
        log, count = value.data
        return dict(zip(HISTORY, (log.tolist(), count.tolist(), value.max_length)))
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_plain(item) for item in value)
    return value
