"""Running the scripts that mmsegmentation's wheel contains, with everything of this package registered."""

import argparse
import runpy
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from inspect import signature
from itertools import chain, takewhile

import torch
import torch.distributed as dist
from mmengine.config import Config, DictAction
from mmengine.runner import Runner

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.mmseg_scripts import config_place, find_script
from fastreid_mm.common.shipped_configs import find_config
from mmseg_mm.compat import let_inputs_be_given_with_a_shape
from mmseg_mm.engine.config_values import refuse_impossible
from mmseg_mm.engine.data_root import take_data_root
from mmseg_mm.engine.host_errors import host_errors
from mmseg_mm.load_config import load_config

TRUST = "--trust-checkpoint"
OVERWRITE = "--overwrite"
NEED_MODEL = ("train", "test")
RUNNER_READS = (
    *("data_root", "runner_type", "model_wrapper_cfg", "sync_bn", "find_unused_parameters"),
    *("activation_checkpointing", "efficient_conv_bn_eval", "compile"),
)
"""Top-level keys of a config that are read besides the arguments of mmengine's ``Runner``, the first of them here."""
CPU_WRAPPER = (
    "model_wrapper_cfg.type=MMDistributedDataParallel",
    "model_wrapper_cfg.device_ids=None",
    "model_wrapper_cfg.broadcast_buffers=False",
)
"""Options of the host's wrapper for a machine without a GPU: it would use the GPU with the process's number."""
FLOPS = "get_flops"
WITHOUT_DEPTH = "model.data_preprocessor.missing_depth=mean"
"""Option that :data:`FLOPS` needs, since that script makes an image of three channels."""


def run_host_script(name: str, arguments: Sequence[str]) -> None:
    """Run one of mmsegmentation's scripts.

    It takes :data:`TRUST` and :data:`OVERWRITE` besides the script's own arguments, and
    ``--cfg-options data_root=PATH`` has an effect, see :func:`take_data_root`.

    Args:
        name: The name of the script, such as ``train.py``, ``train``, ``browse_dataset`` or
            ``analysis_tools/browse_dataset``. If there are several, the one whose path sorts first is run.
        arguments: The arguments of the script.

    Raises:
        InputError: mmsegmentation has no such script, the config does not exist or cannot be read, or :data:`TRUST` is
            given for a config without a ``SafeCheckpointHook``, both :data:`OVERWRITE` and ``--resume`` are given, or
            the config has a value that is not allowed.
    """
    script = find_script(name)
    arguments = list(arguments)
    config = None
    place = config_place(arguments)
    if place is not None:
        config = arguments[place] = find_config(arguments[place], "mmseg_mm")
    options = join_processes(arguments)
    if script.stem == FLOPS:
        let_inputs_be_given_with_a_shape()
        options.append(WITHOUT_DEPTH)
    if TRUST in arguments:
        arguments.remove(TRUST)
        options.append(f"custom_hooks.{_hook_index(config)}.trust=True")
    if OVERWRITE in arguments and "--resume" in arguments:
        raise InputError(f"--resume goes on with a training and {OVERWRITE} deletes it: give one of them")
    if OVERWRITE in arguments:
        arguments.remove(OVERWRITE)
        options.append("default_hooks.checkpoint.overwrite=True")
    if options:
        arguments += ["--cfg-options", *options]
    take_data_root(arguments)
    with host_errors(config):
        if config and config.endswith(".py"):  # A log of analysis_tools ends in .json, too.
            content = load_config(config, needs=("model",) if script.stem in NEED_MODEL else ())
            _require_known(arguments, content)
            if script.stem in NEED_MODEL:
                _require_possible(arguments, content, script.stem == "train")
        sys.argv = [str(script), *arguments]
        runpy.run_path(str(script), run_name="__main__")


def join_processes(arguments: Sequence[str]) -> list[str]:
    """Join the processes that torchrun has started, over gloo, if the host could not.

    The host does not join processes again.

    Returns:
        Config options that the script then needs; none on a machine with a GPU, or without ``--launcher pytorch``.
    """
    words = [word for argument in arguments for word in argument.split("=", 1)]
    has_launcher = ("--launcher", "pytorch") in zip(words, words[1:])
    if not has_launcher or torch.cuda.is_available() or not dist.is_torchelastic_launched():
        return []
    dist.init_process_group("gloo")
    return list(CPU_WRAPPER)


def _require_known(arguments: Sequence[str], config: Config) -> None:
    """Refuse options with top-level keys that neither the config nor the runner has, and options without a value."""
    known = {*config, *signature(Runner).parameters, *RUNNER_READS}
    starts = [index for index, word in enumerate(arguments, 1) if word == "--cfg-options"]
    words = (takewhile(lambda word: not word.startswith("--"), arguments[start:]) for start in starts)
    for option in chain.from_iterable(words):
        key, equals, _ = option.partition("=")
        if not equals:
            raise InputError(f"--cfg-options {option}: KEY=VALUE is needed")
        if key.split(".")[0] not in known:
            near = get_close_matches(key.split(".")[0], known, 1)
            raise InputError(f"--cfg-options {key}: no such key{f'; is it {near[0]}?' if near else ''}")


def _require_possible(arguments: Sequence[str], config: Config, training: bool) -> None:
    """Refuse values that are not allowed, in the config with the script's options."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--cfg-options", nargs="+", action=DictAction, default={})
    parser.add_argument("--launcher", default="none")
    for flag in ("--amp", "--resume"):
        parser.add_argument(flag, action="store_true")
    given, _ = parser.parse_known_args(list(arguments))
    config.launcher = given.launcher
    try:
        config.merge_from_dict(given.cfg_options)
    except (KeyError, TypeError) as error:  # A list is shorter, or a part is no mapping.
        raise InputError(f"--cfg-options: {str(error.args[0]).splitlines()[0]}") from None
    refuse_impossible(config.to_dict(), training, given.amp, given.resume)


def _hook_index(config: str | None) -> int:
    hooks = load_config(config).get("custom_hooks", []) if config else []
    for index, hook in enumerate(hooks):
        if hook.get("type") == "SafeCheckpointHook":
            return index
    raise InputError(f"{TRUST} needs a SafeCheckpointHook among the custom_hooks of config {config}")
