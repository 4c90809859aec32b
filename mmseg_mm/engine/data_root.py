"""Folder of the data of the shipped configs, given by an environment variable or an option of the scripts."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from fastreid_mm.common.errors import InputError
from mmseg_mm.datasets.wrappers import innermost_dataset

DATA_ROOT = "SOD_DATASETS"
"""Environment variable that mmengine inserts into the paths of a config when it reads the config."""
OPTION = "data_root="


def take_data_root(arguments: Sequence[str]) -> None:
    """Set the environment variable to the ``data_root=PATH`` among the arguments of a script.

    The option itself would come too late, since a config is read before its options are merged.
    """
    for argument in arguments:
        if argument.startswith(OPTION):
            os.environ[DATA_ROOT] = argument.removeprefix(OPTION)


@HOOKS.register_module()
class DataRootHook(Hook):
    """Hook that refuses a ``data_root`` on the top level of a config if no data set is in that folder.

    mmsegmentation's own scripts set it there, where it has no effect on the paths that were composed when the file was
    read.
    """

    def before_run(self, runner: Runner) -> None:
        """Check the config before the runner starts.

        Raises:
            InputError: The ``data_root`` has no effect.
        """
        root = runner.cfg.get("data_root")
        if root and not any(Path(used).is_relative_to(root) for used in _used(runner.cfg)):
            raise InputError(
                f"data_root={root} has no effect on a config that was read already: set the variable "
                f"{DATA_ROOT}={root}, or use tools/train_sod.py, test_sod.py or mmseg_tool.py"
            )


def _used(config: Mapping) -> Iterator[str]:
    """Yield the root of every data set of a config."""
    for part in ("train", "val", "test"):
        yield innermost_dataset(config.get(f"{part}_dataloader") or {}).get("data_root") or ""
