"""Decorator of every loss: computed in float32 at least, and never of empty tensors."""

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec

import torch
from torch import Tensor

P = ParamSpec("P")


def full_precision(loss: Callable[P, Tensor]) -> Callable[P, Tensor]:
    """Make a loss compute in float32 at least, also under autocast, and refuse empty tensors.

    Half-precision tensors are converted to float32 first; float64 stays float64.

    Args:
        loss: function of tensors, and of other arguments, to a 0-d tensor.

    Raises:
        ValueError: when the loss is called with an empty tensor, whose mean would be NaN and whose sum 0.

    Examples:
        >>> full_precision(torch.mean)(torch.ones(3, dtype=torch.bfloat16)).dtype
        torch.float32
    """

    @wraps(loss)
    def compute(*args: P.args, **kwargs: P.kwargs) -> Tensor:
        tensors = [each for each in (*args, *kwargs.values()) if isinstance(each, Tensor)]
        if any(not each.numel() for each in tensors):
            raise ValueError(_emptiness(loss, args, kwargs))
        device = tensors[0].device.type if tensors else "cpu"
        raised: Any = [*map(_raised, args)], {name: _raised(each) for name, each in kwargs.items()}
        if not torch.amp.is_autocast_available(device):
            return loss(*raised[0], **raised[1])
        with torch.autocast(device, enabled=False):
            return loss(*raised[0], **raised[1])

    return compute


def _raised(value: object) -> object:
    half = isinstance(value, Tensor) and value.dtype in (torch.float16, torch.bfloat16)
    return value.float() if half else value  # type: ignore[attr-defined]  # a tensor


def _emptiness(loss: Callable, args: tuple, kwargs: dict) -> str:
    given = signature(loss).bind(*args, **kwargs).arguments
    empty = [
        f"{name} is {tuple(each.shape)}"
        for name, each in given.items()
        if isinstance(each, Tensor) and not each.numel()
    ]
    return f"{loss.__name__} of nothing: {', '.join(empty)}"
