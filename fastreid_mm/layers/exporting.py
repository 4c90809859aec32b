"""Check for a running export, which traces a network once for inputs of any values."""

import torch


def is_exporting() -> bool:
    """Tell whether :func:`torch.export.export`, or ``torch.onnx.export``, which is built on it, is tracing.

    Nothing may depend on the values of tensors then: neither which rows of a batch a network takes nor a refusal. A
    PyTorch before 2.7 does not tell, and has to be newer to export.
    """
    return getattr(torch.compiler, "is_exporting", bool)()
