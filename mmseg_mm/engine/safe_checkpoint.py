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

from fastreid_mm.common import checkpoint_file
from fastreid_mm.common.checkpoint_match import skipped_parts
from fastreid_mm.common.errors import InputError
from fastreid_mm.common.find_weights import find_weights
from fastreid_mm.common.model_folder import CONFIG, WEIGHTS, find_model_folder, is_model_folder
from fastreid_mm.common.plain_yaml import read_plain_yaml
from fastreid_mm.common.safe_load import SAFE, MapLocation, UntrustedError
from fastreid_mm.common.training_state import take_optimizer_state, take_state
from mmseg_mm.engine.checkpoint_entries import HISTORY, SETTINGS, only_known, require_resumable
from mmseg_mm.engine.checkpoint_match import check_settings, check_weights, unseen_settings

ADVICE = "--trust-checkpoint if you know its source"


class Reading:
    """State shared with mmengine's loaders of checkpoints, since they get only the name of a file."""

    trust = False
    """Whether files may run code: :attr:`SafeCheckpointHook.trust` of the run."""
    path = ""
    """Path of the file that was read last."""


def load_from_local(filename: str, map_location: MapLocation = "cpu") -> Mapping[str, Any]:
    """Read a checkpoint by :func:`read_checkpoint` for everything that loads through mmengine, even without a run.

    Raises:
        InputError: See :func:`read_checkpoint`; or there are no tensors, which the host would not notice.
    """
    Reading.path = filename
    content = read_checkpoint(filename, map_location, Reading.trust)
    if not Reading.trust and "state_dict" not in content:
        raise InputError(f"checkpoint {filename} does not hold named tensors")
    return content


def _only_known(loader: Callable) -> Callable:
    """Wrap one of mmengine's loaders of remote files, so that it returns the result of :func:`only_known`."""

    @wraps(loader)
    def load(filename: str, map_location: MapLocation = "cpu") -> Mapping[str, Any]:
        content = loader(filename, map_location=map_location)
        Reading.path = filename
        return content if Reading.trust else only_known(content, filename)

    return load


def _load_url(url: str, **options: Any) -> object:
    """Download as mmengine does, but with PyTorch's safe loader; by default, PyTorch runs code of downloads."""
    try:
        with torch.serialization.safe_globals(SAFE):
            return load_state_dict_from_url(url, weights_only=not Reading.trust, **options)
    except UnpicklingError:
        raise UntrustedError(
            f"cannot read {url}: it holds more than plain data, and loading that may run code; {ADVICE}"
        ) from None


def keep_checkpoints_from_running() -> None:
    """Make mmengine's loaders return only tensors and known entries, each of its kind.

    This affects mmsegmentation's ``init_model`` and scripts, ``load_from``, ``init_cfg`` and resuming.
    """
    host.load_url = _load_url
    for scheme, loader in list(CheckpointLoader._schemes.items()):
        CheckpointLoader.register_scheme(scheme, _only_known(loader) if scheme else load_from_local, force=True)


keep_checkpoints_from_running()


@HOOKS.register_module()
class SafeCheckpointHook(Hook):
    """Hook that saves checkpoints as plain data, and refuses to load other files and checkpoints of another model.

    mmengine 0.10.7 saves ``HistoryBuffer`` and NumPy objects, and cannot load its own files with PyTorch 2.6 and later.
    It executes text in a file: see :mod:`mmseg_mm.engine.checkpoint_entries`.

    Args:
        trust: Whether to also load files that are more than plain data, with all their entries. They may run any code,
            so this is only for files from a known source.
    """

    def __init__(self, trust: bool = False) -> None:
        self.trust = trust

    def before_run(self, runner: Runner) -> None:
        """Tell mmengine's loaders whether files are to be trusted."""
        Reading.trust = self.trust

    def after_run(self, runner: Runner) -> None:
        """Stop trusting files."""
        Reading.trust = False

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add the settings that the weights do not show, and convert everything into plain data."""
        checkpoint["meta"][SETTINGS] = unseen_settings(runner.cfg.model)
        checkpoint.update(_plain(checkpoint))

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare the weights, settings and states with those of the run, and restore the histories.

        Training may begin from a part of the weights, and with other settings: the number of loaded tensors is logged,
        with a warning if a part of the model gets none.

        Raises:
            InputError: The checkpoint belongs to another model.
        """
        purpose, path, state = purpose_of(runner), Reading.path, runner.model.state_dict()
        if purpose != "resume":
            checkpoint["state_dict"] = weights_of(checkpoint, path, state)
        match = check_weights(state, checkpoint.get("state_dict", {}), path, purpose)
        if purpose == "begin":
            count = len(match.fitting) + len(match.missing)
            skipped = skipped_parts(match.fitting + match.missing, match.fitting)
            runner.logger.log(
                logging.WARNING if skipped else logging.INFO,
                f"{path}: {len(match.fitting)} of the model's {count} tensors are loaded, {len(match.unknown)} of the "
                "file are left out" + (f"; nothing for {', '.join(skipped)}" if skipped else ""),
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
    """Take those entries of the saved states that the run's optimizer and schedules have, each of the same kind."""
    schedules = runner.param_schedulers
    require_resumable(checkpoint, path, schedules is not None)
    wrapper: Any = runner.optim_wrapper
    if hasattr(wrapper, "optimizer"):  # a single one
        checkpoint["optimizer"] = take_optimizer_state(wrapper, checkpoint["optimizer"], path, "optimizer")
    if schedules is not None:
        several: Any = schedules if isinstance(schedules, dict) else {"": schedules}
        states = {name: [one.state_dict() for one in group] for name, group in several.items()}
        current = states if isinstance(schedules, dict) else states[""]
        checkpoint["param_schedulers"] = take_state(current, checkpoint["param_schedulers"], path, "param_schedulers")


def weights_of(content: Mapping[str, Any], path: str, own: Mapping[str, Any]) -> Mapping[str, Any]:
    """Find the weights in a checkpoint, which may be behind a prefix and beside other tensors.

    Raises:
        InputError: There are no weights, or the model is there more than once.
    """
    weights = content.get("state_dict", content)
    names = {name.removeprefix("module.") for name in own}  # of a model that is wrapped
    if not weights or names & {name.removeprefix("module.") for name in weights}:
        return weights
    part = find_weights(weights, path, names)
    if part.told():
        print_log(f"{path}: {part.told()}", "current")
    return part.state


def purpose_of(runner: Runner) -> str:
    """Return the purpose for which the runner loads a checkpoint, one of :data:`PURPOSES`.

    The private attribute is read since the property ``train_loop`` would build a loop and its data set.
    """
    if not isinstance(runner._train_loop, BaseLoop):
        return "predict"
    return "resume" if runner._resume else "begin"


def read_checkpoint(
    path: str, map_location: MapLocation = "cpu", trust: bool = False, advice: str = ADVICE
) -> Mapping[str, Any]:
    """Read a checkpoint file; if it is not trusted, take only the entries that :func:`only_known` takes.

    Args:
        path: The path of a local file; or the folder of a trained network, or its name on the hub, which has weights,
            and the settings that its config says.
        map_location, trust, advice: See :func:`fastreid_mm.common.safe_load.load_safely`.

    Raises:
        InputError: The file is missing, is damaged, is no checkpoint, or is more than plain data but not trusted.
    """
    if is_model_folder(path):
        folder = find_model_folder(path)
        model = read_plain_yaml(folder / CONFIG).get("model")
        settings = unseen_settings(model) if isinstance(model, Mapping) else {}
        weights = checkpoint_file.read_checkpoint(str(folder / WEIGHTS))["model"]
        return {"state_dict": weights, "meta": {SETTINGS: settings}}
    content = checkpoint_file.read_checkpoint(str(Path(path).expanduser()), trust, map_location, advice)
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
