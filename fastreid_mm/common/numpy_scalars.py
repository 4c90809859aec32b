"""NumPy's scalars in a PyTorch file, as plain numbers: people save the best score of a training beside its weights."""

import re
from collections.abc import Callable

import numpy as np

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
"""What ``torch.serialization.safe_globals`` takes."""
