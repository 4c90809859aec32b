"""mmengine's checkpoints as plain data, which PyTorch loads without running code from them."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer
from mmengine.runner import BaseLoop, CheckpointLoader, Runner
from mmseg.registry import HOOKS

from fastreid_mm.errors import InputError
from mmseg_mm.engine.checkpoint_match import check_settings, check_weights, unseen_settings

HISTORY = ("log_history", "count_history", "max_length")
"""What a HistoryBuffer is made from."""
SETTINGS = "unseen_settings"
"""Where a checkpoint's ``meta`` has them."""
MapLocation = str | torch.device | dict[str, str] | Callable | None
"""What ``torch.load`` takes as the place for the tensors of a file."""


@HOOKS.register_module()
class SafeCheckpointHook(Hook):
    """Saves checkpoints that PyTorch's safe loader accepts, and refuses others and those of another model.

    mmengine 0.10.7 saves ``HistoryBuffer`` and NumPy objects and, on PyTorch 2.6 and later, cannot load its own files.

    Args:
        trust: load files that are not plain data too, which may run any code: only for files of a known source.
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
        """Note the settings that weights do not show, and turn everything into plain data."""
        checkpoint["meta"][SETTINGS] = unseen_settings(runner.cfg.model)
        checkpoint.update(_plain(checkpoint))

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare weights and settings with the model's, and turn the histories back.

        Training may begin from a part of the weights, with other settings.

        Raises:
            InputError: the checkpoint is of another model.
        """
        purpose = _purpose(runner)
        check_weights(runner.model.state_dict(), checkpoint.get("state_dict", checkpoint), self._path, purpose)
        if purpose != "begin":
            check_settings(unseen_settings(runner.cfg.model), checkpoint.get("meta", {}).get(SETTINGS, {}), self._path)
        scalars = checkpoint.get("message_hub", {}).get("log_scalars", {})
        for name, history in scalars.items():
            if isinstance(history, Mapping):
                scalars[name] = HistoryBuffer(*(history[key] for key in HISTORY))


def _purpose(runner: Runner) -> str:
    """Of loading weights, one of :data:`PURPOSES`. The runner's ``train_loop`` would build one, and its data set."""
    if not isinstance(runner._train_loop, BaseLoop):
        return "predict"
    return "resume" if runner._resume else "begin"


def read_checkpoint(path: str, map_location: MapLocation = "cpu", trust: bool = False) -> Mapping[str, Any]:
    """The content of a checkpoint file.

    Args:
        path: a local file.
        map_location: of ``torch.load``.
        trust: whether the file may run code.

    Raises:
        InputError: the file is missing, damaged, not a checkpoint, or more than plain data and not trusted.
    """
    try:
        content = torch.load(path, map_location=map_location, weights_only=not trust)
    except FileNotFoundError:
        raise InputError(f"checkpoint {path} does not exist") from None
    except Exception as error:  # a damaged file raises nearly anything
        raise InputError(f"cannot read {path}: {_reason(error)}") from None
    if not isinstance(content, Mapping):
        raise InputError(f"{path} is not a checkpoint: it holds a {type(content).__name__}")
    return content


def _reason(error: Exception) -> str:
    lines = str(error).splitlines() or [type(error).__name__]
    if "weights_only" not in str(error).lower():
        return lines[0]
    return "it holds more than plain data, and loading that may run code; --trust-checkpoint if you know its source"


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
