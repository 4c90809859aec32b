"""Repairs that mmsegmentation 1.2.2 needs to run on current releases of its dependencies.

``mmseg.models``, ``mmseg.datasets`` and ``mmseg.apis`` import ``mmcv.ops``, which loads mmcv's compiled operators from
``mmcv._ext``. The full mmcv does not build against a current PyTorch, and this package uses none of its operators.
Where the real module is missing, a stub takes its place, whose operators raise an error with their name when they are
called. ``mmengine.utils.dl_utils.misc.mmcv_full_available()`` stays False. This was seen with mmcv-lite 2.1.0 and
PyTorch 2.15.

mmsegmentation's ``get_flops.py`` gives mmengine's ``get_model_complexity_info`` both a shape and an input, which
mmengine refuses. This was seen with mmengine 0.10.7.
mmengine's ``Runner`` takes a data loader without a batch, and stops somewhere later with an assertion of an epoch's
length, a division by zero or a missing metric. This was seen with mmengine 0.10.7.
The hosts warn of functions that only they themselves call, and name an environment variable for each file of a config.
This was seen with mmengine 0.10.7 and mmsegmentation 1.2.2.
"""

import sys
import types
import warnings
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from typing import Any

from mmengine import analysis
from mmengine.config import config as host_config
from mmengine.dataset import InfiniteSampler
from mmengine.fileio import file_client
from mmengine.runner import Runner

from fastreid_mm.common.errors import InputError

OPERATORS = "mmcv._ext"


class _MissingOperators(types.ModuleType):
    """Module that has every name, so that ``mmcv.ops`` can be imported, but whose operators cannot be called."""

    def __getattr__(self, name: str) -> Callable:
        if name.startswith("__"):
            raise AttributeError(name)

        def missing(*args: object, **kwargs: object) -> None:
            raise NotImplementedError(f"{OPERATORS}.{name} is a compiled operator, which mmcv-lite does not have")

        return missing


def provide_operators() -> None:
    """Register the stub, unless mmcv's operators are installed or the stub is registered already."""
    if OPERATORS not in sys.modules and find_spec(OPERATORS) is None:
        stub = _MissingOperators(OPERATORS)
        stub.__spec__ = ModuleSpec(OPERATORS, None)  # A module without a loader is not taken for the full mmcv.
        sys.modules[OPERATORS] = stub


def let_inputs_be_given_with_a_shape() -> None:
    """Make mmengine's complexity analysis accept a shape and inputs together, of which it then uses the inputs."""
    host = analysis.get_model_complexity_info

    def count(model: object, input_shape: object = None, inputs: object = None, **options: object) -> dict:
        return host(model, input_shape if inputs is None else None, inputs, **options)

    analysis.get_model_complexity_info = count


def refuse_loaders_without_a_batch() -> None:
    """Make mmengine's ``Runner`` refuse a data loader that gives nothing, when it is built."""
    host = Runner.build_dataloader

    def build(dataloader: Any, *args: Any, **kwargs: Any) -> Any:
        loader = host(dataloader, *args, **kwargs)
        images, endless = len(loader.dataset), isinstance(loader.sampler, InfiniteSampler)
        if not images or (len(loader) == 0 and not endless):
            raise InputError(
                f"a data set of {images} images gives no batch of batch_size {loader.batch_size} with drop_last "
                f"{loader.drop_last}: more images, a smaller batch_size or drop_last=False are needed"
            )
        return loader

    Runner.build_dataloader = staticmethod(build)


def say_less() -> None:
    """Silence what the hosts warn of in code of their own, and have a message about a config logged once."""
    warnings.filterwarnings("ignore", message="``build_loss`` would be deprecated", module=r"mmseg\.")
    warnings.filterwarnings("ignore", message="The draw is False", module=r"mmseg\.")
    file_client.print_log = lambda *_, **__: None  # It only says that its classes are deprecated, which hooks use.
    host_config.print_log = once(host_config.print_log)


def once(log: Callable) -> Callable:
    """Return the function, but for messages that it was given before."""
    said: set[str] = set()

    def log_once(message: str, *args: Any, **kwargs: Any) -> None:
        if message not in said:
            said.add(message)
            log(message, *args, **kwargs)

    return log_once


provide_operators()
say_less()
refuse_loaders_without_a_batch()
