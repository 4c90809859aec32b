"""A learnable scale that stays within bounds (the "layer scale" of MUN, section 3.2)."""

import torch
from torch import Tensor, nn


class _Bounded(torch.autograd.Function):
    """A clamp that keeps the gradient of a value outside the bounds if a descent step would bring it back.

    The plain clamp has none there, and a value that starts on a bound would be stuck after the first step outwards.
    """

    @staticmethod
    def forward(ctx, value: Tensor, low: float, high: float) -> Tensor:
        ctx.save_for_backward(value)
        ctx.bounds = low, high
        return value.clamp(low, high)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None, None]:
        (value,), (low, high) = ctx.saved_tensors, ctx.bounds
        outwards = ((value > high) & (gradient < 0)) | ((value < low) & (gradient > 0))
        return gradient.masked_fill(outwards, 0.0), None, None


class BoundedScale(nn.Module):
    """Multiply by one learnable number in [low, high], started at ``high``.

    Args:
        low, high: the bounds.
    """

    def __init__(self, low: float = 1e-3, high: float = 1.0):
        super().__init__()
        self.low, self.high = low, high
        self.value = nn.Parameter(torch.tensor(high))

    def forward(self, x: Tensor) -> Tensor:
        """A tensor of any shape to one of the same shape."""
        return _Bounded.apply(self.value, self.low, self.high) * x
