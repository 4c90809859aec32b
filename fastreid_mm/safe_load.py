"""PyTorch files, read without running any code from them."""

import torch

from fastreid_mm.errors import InputError, first_line


def load_safely(path: str) -> object:
    """The content of a PyTorch file, on the CPU.

    Raises:
        InputError: the file cannot be read, or holds something other than tensors and plain values.
    """
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file raises nearly anything, struct.error and KeyError among it
        raise InputError(f"cannot read {path}: {first_line(error)}") from None
