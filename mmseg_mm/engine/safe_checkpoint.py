"""Saving mmengine's checkpoints as plain data, which PyTorch loads without running code from the file."""

import logging
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer, print_log
from mmengine.runner import BaseLoop, CheckpointLoader, Runner
from mmengine.runner import checkpoint as host
from mmseg.registry import HOOKS
from torch.hub import load_state_dict_from_url

from fastreid_mm.common.form import like, like_optimizer
from fastreid_mm.common.weights import find_weights
from fastreid_mm.errors import InputError
from fastreid_mm.safe_load import SAFE, MapLocation, UntrustedError, load_safely
from mmseg_mm.engine.checkpoint_entries import HISTORY, SETTINGS, only_known, require_resumable
from mmseg_mm.engine.checkpoint_match import check_settings, check_weights, describe_match, unseen_settings

ADVICE = "--trust-checkpoint if you know its source"


class Reading:
    """What mmengine's loaders know of a checkpoint that they read, since they get nothing but its name."""

    trust = False
    """Whether files may run code: :attr:`SafeCheckpointHook.trust` of the run."""
    path = ""
    """The file that was read last."""


def load_from_local(filename: str, map_location: MapLocation = "cpu") -> Mapping[str, Any]:
    """:func:`read_checkpoint` for all that reads a checkpoint through mmengine, a run or not.

    Raises:
        InputError: see :func:`read_checkpoint`; or there are no tensors, with which the host would go on.
    """
    Reading.path = filename
    content = read_checkpoint(str(Path(filename).expanduser()), map_location, Reading.trust)
    if not Reading.trust and "state_dict" not in content:
        raise InputError(f"checkpoint {filename} does not hold named tensors")
    return content


def _only_known(loader: Callable) -> Callable:
    """One of mmengine's loaders of files that are elsewhere, such that it gives what :func:`only_known` leaves."""

    @wraps(loader)
    def load(filename: str, map_location: MapLocation = "cpu") -> Mapping[str, Any]:
        content = loader(filename, map_location=map_location)
        Reading.path = filename
        return content if Reading.trust else only_known(content, filename)

    return load


def _load_url(url: str, **options: Any) -> object:
    """What mmengine downloads by, with PyTorch's safe loader: PyTorch's own default for downloads runs any code."""
    try:
        with torch.serialization.safe_globals(SAFE):
            return load_state_dict_from_url(url, weights_only=not Reading.trust, **options)
    except UnpicklingError:
        raise UntrustedError(
            f"cannot read {url}: it holds more than plain data, and loading that may run code; {ADVICE}"
        ) from None


def keep_checkpoints_from_running() -> None:
    """Have everything that loads checkpoints through mmengine get tensors and known entries alone, of their kinds.

    So do mmsegmentation's ``init_model`` and scripts, ``load_from``, ``init_cfg`` and resuming.
    """
    host.load_url = _load_url
    for scheme, loader in list(CheckpointLoader._schemes.items()):
        CheckpointLoader.register_scheme(scheme, _only_known(loader) if scheme else load_from_local, force=True)


keep_checkpoints_from_running()


@HOOKS.register_module()
class SafeCheckpointHook(Hook):
    """Saves checkpoints that PyTorch's safe loader accepts, and refuses other files and checkpoints of another model.

    mmengine 0.10.7 saves ``HistoryBuffer`` and NumPy objects, and cannot load its own files with PyTorch 2.6 and later.
    It executes text that it finds in a file: see :mod:`mmseg_mm.engine.checkpoint_entries`.

    Args:
        trust: Whether to load files that are more than plain data, too, and to take all that they hold. They may run
            any code, so that this is for files from a known source only.
    """

    def __init__(self, trust: bool = False) -> None:
        self.trust = trust

    def before_run(self, runner: Runner) -> None:
        """Tell mmengine's loaders whether files are to be trusted."""
        Reading.trust = self.trust

    def after_run(self, runner: Runner) -> None:
        """Trust nothing that is loaded later."""
        Reading.trust = False

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add the settings that the weights do not show, and convert everything into plain data."""
        checkpoint["meta"][SETTINGS] = unseen_settings(runner.cfg.model)
        checkpoint.update(_plain(checkpoint))

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare the weights, settings and states with those of the run, and restore the histories.

        Training may begin from a part of the weights, and with other settings: what it takes is logged, with a warning
        if a part of the model gets nothing.

        Raises:
            InputError: The checkpoint belongs to another model.
        """
        purpose, path, own = purpose_of(runner), Reading.path, runner.model.state_dict()
        if purpose != "resume":
            checkpoint["state_dict"] = weights_of(checkpoint, path, own)
        check_weights(own, checkpoint.get("state_dict", {}), path, purpose)
        if purpose == "begin":
            counts, skipped = describe_match(own, checkpoint["state_dict"])
            runner.logger.log(
                logging.WARNING if skipped else logging.INFO,
                f"{path}: {counts}" + (f"; nothing for {', '.join(skipped)}" if skipped else ""),
            )
        else:
            check_settings(unseen_settings(runner.cfg.model), checkpoint.get("meta", {}).get(SETTINGS, {}), path)
        if purpose == "resume" and not self.trust:
            _take_states(runner, checkpoint, path)
        scalars = checkpoint.get("message_hub", {}).get("log_scalars", {})
        for name, history in scalars.items():
            if isinstance(history, Mapping):
                scalars[name] = HistoryBuffer(*(history[key] for key in HISTORY))


def _take_states(runner: Runner, checkpoint: dict, path: str) -> None:
    """Leave of the saved states what those of the run's optimizer and schedules have, of the same kinds."""
    schedules = runner.param_schedulers
    require_resumable(checkpoint, path, schedules is not None)
    wrapper: Any = runner.optim_wrapper
    if hasattr(wrapper, "optimizer"):  # not several
        parameters = [one for group in wrapper.param_groups for one in group["params"]]
        saved, own = checkpoint["optimizer"], wrapper.state_dict()
        checkpoint["optimizer"] = like_optimizer(own, parameters, saved, path, "optimizer")
    if schedules is not None:
        several: Any = schedules if isinstance(schedules, dict) else {"": schedules}
        states = {name: [one.state_dict() for one in group] for name, group in several.items()}
        own = states if isinstance(schedules, dict) else states[""]
        checkpoint["param_schedulers"] = like(own, checkpoint["param_schedulers"], path, "param_schedulers")


def weights_of(content: Mapping[str, Any], path: str, own: Mapping[str, Any]) -> Mapping[str, Any]:
    """Find the weights in a checkpoint, which may be behind a prefix and beside others.

    Args:
        content: What :func:`read_checkpoint` has returned.
        path: The path of the file, for errors and the log.
        own: The tensors of the model by name.

    Raises:
        InputError: There are no weights, or the model is there more than once.
    """
    weights = content.get("state_dict", content)
    names = {name.removeprefix("module.") for name in own}  # of a model that is wrapped
    if not weights or names & {name.removeprefix("module.") for name in weights}:
        return weights
    found = find_weights(weights, path, names)
    if found.told():
        print_log(f"{path}: {found.told()}", "current")
    return found.state


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
    """Read a checkpoint file: of one that is not trusted the tensors and the entries that :func:`only_known` knows.

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
    return content if trust else only_known(content, path)


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
