"""Import of fast-reid 1.4.0 on a current Python and PyTorch.

This is the only module that changes other packages, except that :mod:`fastreid_mm.engine.launch` sets the process group
of a machine in the host's ``comm``, as the host's launcher does. All other mistakes of the host are repaired by
overriding (:mod:`fastreid_mm.engine`, :mod:`fastreid_mm.data`). Seen on fast-reid 1.4.0, Python 3.11, PyTorch 2.15.

- ``fastreid.data.build`` and ``fastreid.evaluation.testing`` import ``Mapping`` from ``collections``, gone since
  Python 3.10;
- ``fastreid.data.build`` imports ``torch._six``, gone since PyTorch 2.0;
- ``DefaultTrainer`` cannot feed the architectures of this package and changes no weight on PyTorch 2, without any
  error: a config with this package's keys is refused with the name of the right trainer;
- ``Baseline.preprocess_image`` normalises the batch in place, so testing with flipped images normalises twice. It is
  replaced, since all architectures of the host inherit it.

``collections.Mapping`` and ``torch._six`` exist only while fast-reid is being imported, so no other package sees them.
Its tensor conversion also warns about ``TypedStorage`` in every worker process; only this warning is silenced, and
PyTorch's of a CUDA without a GPU, which the host's list of versions causes.
"""

import collections
import collections.abc
import importlib
import importlib.util
import logging
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError


@contextmanager
def _old_names() -> Iterator[None]:
    """Provide ``collections.Mapping`` and ``torch._six`` within a block, unless they exist already."""
    six: Any = types.ModuleType("torch._six")
    six.string_classes = (str, bytes)
    borrower: Any = collections  # type stubs do not know the new name
    lend_mapping = not hasattr(borrower, "Mapping")
    lend_six = importlib.util.find_spec("torch._six") is None
    if lend_mapping:
        borrower.Mapping = collections.abc.Mapping
    if lend_six:
        sys.modules["torch._six"] = six
    try:
        yield
    finally:
        if lend_mapping:
            del borrower.Mapping
        if lend_six:
            sys.modules.pop("torch._six", None)


def import_fastreid() -> types.ModuleType:
    """Import fast-reid with all modules that this package uses, and return it. Calling it again does nothing.

    Raises:
        ImportError: fast-reid is not installed; the message says how to install it.
    """
    try:
        with _old_names():
            # the engine pulls in data, evaluation, modeling and solver, where the old names are needed
            importlib.import_module("fastreid.engine")
    except ModuleNotFoundError as error:
        if error.name == "fastreid":
            raise ImportError(
                "fast-reid is missing: pip install --no-deps fastreid, then this package's "
                "[fastreid] extra (fast-reid's own requirements ask for PyTorch 1.13)"
            ) from error
        raise
    return importlib.import_module("fastreid")


def _preprocess_image(self: nn.Module, batched_inputs: dict | Tensor) -> Tensor:
    """Normalise a batch as the host's method does, but into a new tensor."""
    images = batched_inputs["images"] if isinstance(batched_inputs, dict) else batched_inputs
    return (images - cast(Tensor, self.pixel_mean)) / cast(Tensor, self.pixel_std)


def _refuse_mm_config(build_train_loader: Callable) -> classmethod:
    """Wrap the first method that the host's trainer calls, to refuse configs with keys of ``add_mm_config``."""

    def build(cls: type, cfg: CfgNode) -> object:
        if "SEED" in cfg:
            raise InputError(
                f"{cls.__name__} on fast-reid's DefaultTrainer cannot train MODEL.META_ARCHITECTURE "
                f"{cfg.MODEL.META_ARCHITECTURE}: use fastreid_mm.engine.MMTrainer, or derive from it"
            )
        return build_train_loader(cls, cfg)

    return classmethod(build)


_host = import_fastreid()
_host.modeling.meta_arch.Baseline.preprocess_image = _preprocess_image
_host.engine.DefaultTrainer.build_train_loader = _refuse_mm_config(
    _host.engine.DefaultTrainer.build_train_loader.__func__
)
warnings.filterwarnings("ignore", message="TypedStorage is deprecated", module=r"fastreid\.")
logging.getLogger("torch.utils.cpp_extension").addFilter(lambda record: "No CUDA runtime" not in record.getMessage())
