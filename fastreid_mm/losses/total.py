"""The sum of losses of one kind."""

from collections.abc import Iterable
from typing import cast

from torch import Tensor


def total(terms: Iterable[Tensor]) -> Tensor:
    """Sum losses to a tensor; the type of Python's sum would include the integer 0 that it starts with.

    Args:
        terms: one or more 0-d tensors.

    Returns:
        A 0-d tensor.

    Examples:
        >>> import torch
        >>> total(torch.tensor([1.0, 2.0]).unbind())
        tensor(3.)
    """
    return cast(Tensor, sum(terms))
