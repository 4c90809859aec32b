"""PyTorch files, read without running any code from them unless they are trusted."""

from collections.abc import Callable

import torch

from fastreid_mm.common.numpy_scalars import SAFE
from fastreid_mm.errors import InputError, first_line

MapLocation = str | torch.device | dict[str, str] | Callable | None
"""The type of the argument ``map_location`` of ``torch.load``."""
ADVICE = "MODEL.TRUST_WEIGHTS True if you trust it"


class UntrustedError(InputError):
    """A file holds more than tensors and plain values, and is not to be trusted."""


def load_safely(path: str, trust: bool = False, map_location: MapLocation = "cpu", advice: str = ADVICE) -> object:
    """The content of a PyTorch file. NumPy's scalars become plain numbers.

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
