"""Where the data of the shipped configs are: one variable, or one option of the scripts that we run."""

import os
from collections.abc import Iterator, Mapping, Sequence

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from fastreid_mm.errors import InputError

DATA_ROOT = "SOD_DATASETS"
"""The variable that mmengine puts into the configs' paths when it reads them."""
OPTION = "data_root="


def take_data_root(arguments: Sequence[str]) -> None:
    """Turn ``data_root=PATH`` among a script's arguments into the variable: a config is read before its options are."""
    for argument in arguments:
        if argument.startswith(OPTION):
            os.environ[DATA_ROOT] = argument.removeprefix(OPTION)


@HOOKS.register_module()
class DataRootHook(Hook):
    """Refuses a ``data_root`` on the top level of a config that no data set is in.

    mmsegmentation's own scripts set it there, where it changes no path that was made of it when the file was read.
    """

    def before_run(self, runner: Runner) -> None:
        """Called by the runner.

        Raises:
            InputError: the ``data_root`` has no effect.
        """
        root = runner.cfg.get("data_root")
        if root is not None and not any(used.startswith(root) for used in _used(runner.cfg)):
            raise InputError(
                f"data_root={root} has no effect on a config that was read already: set the variable "
                f"{DATA_ROOT}={root}, or use tools/train_sod.py, test_sod.py or mmseg_tool.py"
            )


def _used(config: Mapping) -> Iterator[str]:
    """The root of every data set of a config."""
    for part in ("train", "val", "test"):
        dataset = (config.get(f"{part}_dataloader") or {}).get("dataset", {})
        while "dataset" in dataset:  # repeated
            dataset = dataset["dataset"]
        yield dataset.get("data_root") or ""
