"""PyTorch files, read without running any code from them unless they are trusted."""

import re
from collections.abc import Callable

import numpy as np
import torch

from fastreid_mm.errors import InputError, first_line

MapLocation = str | torch.device | dict[str, str] | Callable | None
"""The type of the argument ``map_location`` of ``torch.load``."""
ADVICE = "MODEL.TRUST_WEIGHTS True if you trust it"

_CODE = re.compile(r"[biuf][1248]{1,2}|\?")
"""Of a boolean, a whole number or a floating-point number of up to 8 bytes, as NumPy's dtypes pickle themselves."""


class _Dtype:
    """Stands for ``numpy.dtype`` while a file is read, so that nothing of the file reaches NumPy but a checked word."""

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
    """A number from its bytes."""
    return np.frombuffer(content, np.dtype(dtype.code), 1)[0].item()


SAFE: list[Callable | tuple[Callable, str]] = [
    (_Dtype, "numpy.dtype"),
    *((_scalar, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")),  # of NumPy 1 and 2
]
"""What ``torch.serialization.safe_globals`` takes, so that NumPy's scalars are read as plain numbers: people save the
best score of a training beside its weights."""


class UntrustedError(InputError):
    """A file holds more than tensors and plain values, and is not to be trusted."""


def load_safely(path: str, trust: bool = False, map_location: MapLocation = "cpu", advice: str = ADVICE) -> object:
    """Load the content of a PyTorch file. NumPy's scalars become plain numbers.

    Args:
        path: of the file.
        trust: whether the file may run code: ``MODEL.TRUST_WEIGHTS``.
        map_location: the device of the tensors, as ``torch.load`` takes it.
        advice: what the error says to do about a file that is not trusted.

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
