"""A learnable scale that stays within bounds, the layer scale of MUN.

Yu et al., "Modality Unifying Network for Visible-Infrared Person Re-Identification", ICCV 2023, section 3.1,
https://arxiv.org/abs/2309.06262
"""

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx


class _Context(FunctionCtx):
    """Values that the forward pass keeps for the backward pass."""

    saved_tensors: tuple[Tensor, ...]
    bounds: tuple[float, float]


class _Bounded(torch.autograd.Function):
    """Clamp that passes the gradient of a value outside its bounds if a descent step would bring the value back.

    The gradient of a plain clamp is zero there: a value that starts on a bound would be stuck after its first step
    outwards.
    """

    @staticmethod
    def forward(ctx: _Context, value: Tensor, low: float, high: float) -> Tensor:
        ctx.save_for_backward(value)
        ctx.bounds = low, high
        return value.clamp(low, high)

    @staticmethod
    def backward(ctx: _Context, gradient: Tensor) -> tuple[Tensor, None, None]:
        (value,), (low, high) = ctx.saved_tensors, ctx.bounds
        outwards = ((value > high) & (gradient < 0)) | ((value < low) & (gradient > 0))
        return gradient.masked_fill(outwards, 0.0), None, None


class BoundedScale(nn.Module):
    """Multiplication by one learnable number s, clamped to [low, high] and started at ``high``: ``y = s x``.

    Args:
        low: the lower bound.
        high: the upper bound.

    Examples:
        >>> scale = BoundedScale(high=0.5)
        >>> scale(torch.tensor([2.0])).item()
        1.0
    """

    def __init__(self, low: float = 1e-3, high: float = 1.0) -> None:
        super().__init__()
        self.low, self.high = low, high
        self.value = nn.Parameter(torch.tensor(high))

    def forward(self, x: Tensor) -> Tensor:
        """Scale a tensor of any shape."""
        return _Bounded.apply(self.value, self.low, self.high) * x
