"""What mmsegmentation 1.2.2 needs to run on current releases of what it is built on.

``mmseg.models``, ``mmseg.datasets`` and ``mmseg.apis`` import ``mmcv.ops``, which loads mmcv's compiled operators from
``mmcv._ext``. The full mmcv does not build against a current PyTorch, and nothing of ours uses one of its operators.
So where the real module is missing a stub takes its place, whose operators say by name what is missing when they are
called. ``mmengine.utils.dl_utils.misc.mmcv_full_available()`` stays False. Seen on mmcv-lite 2.1.0, PyTorch 2.15.

Its ``get_flops.py`` gives mmengine's ``get_model_complexity_info`` both a shape and an input, which mmengine refuses.
Seen on mmengine 0.10.7.
"""

import sys
import types
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from importlib.util import find_spec

from mmengine import analysis

OPERATORS = "mmcv._ext"


class _MissingOperators(types.ModuleType):
    """Has every name, so that ``mmcv.ops`` can be imported; no name can be called."""

    def __getattr__(self, name: str) -> Callable:
        if name.startswith("__"):
            raise AttributeError(name)

        def missing(*args: object, **kwargs: object) -> None:
            raise NotImplementedError(f"{OPERATORS}.{name} is a compiled operator, which mmcv-lite does not have")

        return missing


def provide_operators() -> None:
    """Put the stub in place, unless mmcv's operators are there."""
    if OPERATORS not in sys.modules and find_spec(OPERATORS) is None:
        stub = _MissingOperators(OPERATORS)
        stub.__spec__ = ModuleSpec(OPERATORS, None)  # without a loader: not found by who looks for the full mmcv
        sys.modules[OPERATORS] = stub


def let_inputs_be_given_with_a_shape() -> None:
    """Make mmengine count what the inputs cost where it is given both, from now on."""
    host = analysis.get_model_complexity_info

    def count(model: object, input_shape: object = None, inputs: object = None, **options: object) -> dict:
        return host(model, input_shape if inputs is None else None, inputs, **options)

    analysis.get_model_complexity_info = count


provide_operators()
