"""PyTorch files, read without running any code from them unless they are trusted."""

from collections.abc import Callable

import torch

from fastreid_mm.errors import InputError, first_line

MapLocation = str | torch.device | dict[str, str] | Callable | None
"""The type of the argument ``map_location`` of ``torch.load``."""
ADVICE = "MODEL.TRUST_WEIGHTS True if you trust it"


def load_safely(path: str, trust: bool = False, map_location: MapLocation = "cpu", advice: str = ADVICE) -> object:
    """The content of a PyTorch file.

    Args:
        path: of the file.
        trust: whether the file may run code: ``MODEL.TRUST_WEIGHTS``.
        map_location: the device of the tensors, as ``torch.load`` takes it.
        advice: what the error says to do about a file that is not trusted.

    Raises:
        InputError: the file cannot be read, or holds something other than tensors and plain values and is not trusted.
    """
    try:
        return torch.load(path, map_location=map_location, weights_only=not trust)
    except Exception as error:  # a damaged file raises nearly anything, struct.error and KeyError among it
        raise InputError(f"cannot read {path}: {_reason(error, advice)}") from None


def _reason(error: Exception, advice: str) -> str:
    if "weights_only" not in str(error):
        return first_line(error)
    return f"it holds more than plain data, and loading that may run code; {advice}"
