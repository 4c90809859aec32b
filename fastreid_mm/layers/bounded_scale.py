"""A learnable scale that stays within bounds, the layer scale of MUN.

Yu et al., "Modality Unifying Network for Visible-Infrared Person Re-Identification", ICCV 2023, section 3.1,
https://arxiv.org/abs/2309.06262
"""

from typing import Any

import torch
from torch import Tensor, nn

LOW, HIGH = 1e-3, 1.0


class _Bounded(torch.autograd.Function):
    """Clamp that passes the gradient of a value outside its bounds if a descent step would bring the value back.

    The gradient of a plain clamp is zero there: a value that starts on a bound would be stuck after its first step
    outwards.
    """

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:
        ctx.save_for_backward(value)
        return value.clamp(LOW, HIGH)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (value,) = ctx.saved_tensors
        outwards = ((value > HIGH) & (gradient < 0)) | ((value < LOW) & (gradient > 0))
        return gradient.masked_fill(outwards, 0.0)


class BoundedScale(nn.Module):
    """Multiplication by one learnable number s, clamped to [0.001, 1] and started at 1: ``y = s x``.

    Examples:
        >>> BoundedScale()(torch.tensor([2.0])).item()
        2.0
    """

    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.tensor(HIGH))

    def forward(self, x: Tensor) -> Tensor:
        """Scale a tensor of any shape."""
        return _Bounded.apply(self.value) * x
