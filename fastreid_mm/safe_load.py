"""PyTorch files, read without running any code from them unless they are trusted."""

import torch

from fastreid_mm.errors import InputError, first_line


def load_safely(path: str, trust: bool = False) -> object:
    """The content of a PyTorch file, on the CPU.

    Args:
        path: of the file.
        trust: whether the file may run code: ``MODEL.TRUST_WEIGHTS``.

    Raises:
        InputError: the file cannot be read, or holds something other than tensors and plain values and is not trusted.
    """
    try:
        return torch.load(path, map_location="cpu", weights_only=not trust)
    except Exception as error:  # a damaged file raises nearly anything, struct.error and KeyError among it
        raise InputError(f"cannot read {path}: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    if "weights_only" not in str(error):
        return first_line(error)
    return "it holds more than plain data, and loading that may run code; MODEL.TRUST_WEIGHTS True if you trust it"
