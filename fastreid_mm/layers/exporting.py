"""Whether a network is being exported, when it is traced once and for inputs of any values."""

import torch


def is_exporting() -> bool:
    """Whether :func:`torch.export.export` or what is built on it, ``torch.onnx.export``, is tracing.

    Nothing may depend on the values of tensors then: neither which rows of a batch a network takes nor a refusal. A
    PyTorch before 2.7 does not tell, and has to be newer to export.
    """
    return getattr(torch.compiler, "is_exporting", bool)()
