"""Reading of PyTorch files without running code from them, unless they are trusted."""

import re
from collections.abc import Callable

import numpy as np
import torch

from fastreid_mm.common.errors import InputError, first_line

MapLocation = str | torch.device | dict[str, str] | Callable | None
"""Type of the argument ``map_location`` of ``torch.load``."""
ADVICE = "MODEL.TRUST_WEIGHTS True if you trust it"

_CODE = re.compile(r"[biuf][1248]{1,2}|\?")
"""Pattern of pickled NumPy dtypes that are a boolean, or a whole or floating-point number of up to 8 bytes."""


class _Dtype:
    """Replacement for ``numpy.dtype`` while a file is read, so that only a checked word of the file reaches NumPy."""

    def __init__(self, code: str, *_: object) -> None:
        if not isinstance(code, str) or not _CODE.fullmatch(code):
            raise ValueError(f"weights_only: a NumPy scalar of kind {code!r} is no plain number")
        self.code = code

    def __setstate__(self, state: tuple) -> None:
        order = state[1]
        if order not in ("<", ">", "=", "|"):
            raise ValueError("weights_only: a NumPy scalar of no byte order")
        self.code = ("" if order == "|" else order) + self.code


def _scalar(dtype: _Dtype, content: bytes) -> bool | int | float:
    """Make a number from its bytes."""
    return np.frombuffer(content, np.dtype(dtype.code), 1)[0].item()


SAFE: list[Callable | tuple[Callable, str]] = [
    (_Dtype, "numpy.dtype"),
    *((_scalar, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")),  # of NumPy 1 and 2
]
"""Argument of ``torch.serialization.safe_globals``, with which NumPy's scalars are read as plain numbers: checkpoints
often hold the best score beside the weights."""


class UntrustedError(InputError):
    """Error of a file that holds more than tensors and plain values and is not trusted."""


def load_safetensors(path: str) -> dict[str, torch.Tensor]:
    """Load the tensors of a ``.safetensors`` file, which cannot hold code.

    Raises:
        InputError: the file cannot be read.
    """
    from safetensors.torch import load_file  # imported here, as scoring and losses need none

    try:
        return load_file(path)
    except Exception as error:  # of many kinds, all its own
        raise InputError(f"cannot read {path}: {first_line(error)}") from None


def load_safely(path: str, trust: bool = False, map_location: MapLocation = "cpu", advice: str = ADVICE) -> object:
    """Load the content of a PyTorch file. NumPy's scalars become plain numbers.

    Args:
        trust: whether the file may run code: ``MODEL.TRUST_WEIGHTS``.
        map_location: the device of the tensors, as ``torch.load`` takes it.
        advice: the advice in the error about a file that is not trusted.

    Raises:
        InputError: the file cannot be read; :class:`UntrustedError`, it holds something other than tensors and plain
            values and is not trusted.
    """
    try:
        if trust:
            return torch.load(path, map_location=map_location, weights_only=False)
        with torch.serialization.safe_globals(SAFE):
            return torch.load(path, map_location=map_location, weights_only=True)
    except Exception as error:  # a damaged file raises nearly anything, struct.error and KeyError among it
        if "weights_only" in str(error):
            raise UntrustedError(
                f"cannot read {path}: it holds more than plain data, and loading that may run code; {advice}"
            ) from None
        raise InputError(f"cannot read {path}: {first_line(error)}") from None
