"""Generalised mean pooling with a fixed exponent (Radenovic et al., TPAMI 2019, eq. 3), whole or in stripes."""

import math

import torch
from torch import Tensor, nn


class GeM(nn.Module):
    """``(mean x^p)^(1/p)`` over the places of a map: p = 1 is the average, p = inf the maximum.

    Args:
        p: the exponent. AGW and HCT keep 3, on RegDB HCT takes 10.
        eps: added to the mean, whose root would have an infinite gradient at zero.

    Example:
        >>> GeM(p=2.0)(torch.tensor([[[[3.0, 4.0, 0.0, 0.0]]]]))
        tensor([[2.5000]])
    """

    def __init__(self, p: float = 3.0, eps: float = 1e-12):
        super().__init__()
        self.p, self.eps = p, eps

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, H, W) maps to (B, C). Negative values count as zero; half precision is pooled in float32."""
        return self._pool(maps.flatten(2))

    def stripes(self, maps: Tensor, parts: int) -> Tensor:
        """(B, C, H, W) maps to (B, parts, C), each of ``parts`` horizontal stripes pooled by itself, top first.

        Raises:
            ValueError: the rows do not divide into so many stripes.
        """
        if maps.shape[2] % parts:
            raise ValueError(f"maps of {maps.shape[2]} rows do not divide into {parts} stripes")
        return self._pool(maps.unflatten(2, (parts, -1)).flatten(3)).transpose(1, 2)

    def _pool(self, values: Tensor) -> Tensor:
        """(..., N) to (...)."""
        values = values.clamp(min=0).to(torch.promote_types(values.dtype, torch.float32))
        if math.isinf(self.p):
            return values.amax(-1)
        return (values.pow(self.p).mean(-1) + self.eps).pow(1 / self.p)
