"""Checks for a running trace, which follows a network once for inputs of any values."""

import torch
from torch import Tensor


def is_exporting() -> bool:
    """Tell whether :func:`torch.export.export`, or ``torch.onnx.export``, which is built on it, is tracing.

    Nothing may depend on the values of tensors then: neither which rows of a batch a network takes nor a refusal. A
    PyTorch before 2.7 does not tell, and has to be newer to export.
    """
    return getattr(torch.compiler, "is_exporting", bool)()


def is_readable(tensor: Tensor) -> bool:
    """Tell whether a look at the values of a tensor is free: on the CPU, unless ``torch.compile`` or an export traces.

    On another device it would wait for all that was asked of the device before.
    """
    return tensor.device.type == "cpu" and not torch.compiler.is_compiling()
