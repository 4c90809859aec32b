"""Runs mmsegmentation's own training and test scripts, which its wheel brings along."""

import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

import mmseg
from mmengine.config import Config

from mmseg_mm.errors import InputError

TRUST = "--trust-checkpoint"


def run_host_script(name: str, arguments: Sequence[str]) -> None:
    """Run ``train.py`` or ``test.py`` of mmsegmentation with its own arguments and :data:`TRUST`.

    Raises:
        InputError: the host has no such script, the config does not exist, or it has nothing to trust with.
    """
    script = Path(mmseg.__file__).parent / ".mim" / "tools" / name
    if not script.is_file():
        raise InputError(f"{script} does not exist: install mmsegmentation from its wheel, or call its {name} yourself")
    arguments = list(arguments)
    config = next((argument for argument in arguments if argument.endswith((".py", ".json", ".yaml", ".yml"))), None)
    if config is not None and not Path(config).is_file():
        raise InputError(f"config {config} does not exist")
    if TRUST in arguments:
        arguments.remove(TRUST)
        arguments += ["--cfg-options", f"custom_hooks.{_hook_index(config)}.trust=True"]
    sys.argv = [str(script), *arguments]
    runpy.run_path(str(script), run_name="__main__")


def _hook_index(config: str | None) -> int:
    hooks = Config.fromfile(config).get("custom_hooks", []) if config else []
    for index, hook in enumerate(hooks):
        if hook.get("type") == "SafeCheckpointHook":
            return index
    raise InputError(f"{TRUST} needs a SafeCheckpointHook among the custom_hooks of config {config}")
