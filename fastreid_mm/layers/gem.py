"""Generalized mean pooling with a fixed exponent, of whole maps or of stripes.

Radenovic et al., "Fine-tuning CNN Image Retrieval with No Human Annotation", TPAMI 2019, eq. 3,
https://arxiv.org/abs/1711.02512
"""

import math

import torch
from torch import Tensor, nn


class GeM(nn.Module):
    """Pooling of a map x over its places: ``(mean x^p)^(1/p)``, the average for p = 1 and the maximum for p = inf.

    Args:
        p: the exponent. AGW and HCT keep it at 3; on RegDB, HCT has 10.
        eps: added to the mean, because the gradient of the root is infinite at zero.

    Examples:
        >>> GeM(p=2.0)(torch.tensor([[[[3.0, 4.0, 0.0, 0.0]]]]))
        tensor([[2.5000]])
    """

    def __init__(self, p: float = 3.0, eps: float = 1e-12) -> None:
        super().__init__()
        self.p, self.eps = p, eps

    def forward(self, maps: Tensor) -> Tensor:
        """Pool (B, C, H, W) maps to (B, C). Negative values count as zero; half precision is pooled in float32."""
        return self._pool(maps.flatten(2))

    def stripes(self, maps: Tensor, parts: int) -> Tensor:
        """Pool each of ``parts`` horizontal stripes of (B, C, H, W) maps by itself, to (B, parts, C), top first.

        Raises:
            ValueError: the rows cannot be divided into that many stripes.
        """
        if maps.shape[2] % parts:
            raise ValueError(f"maps of {maps.shape[2]} rows do not divide into {parts} stripes")
        return self._pool(maps.unflatten(2, (parts, -1)).flatten(3)).transpose(1, 2)

    def _pool(self, values: Tensor) -> Tensor:
        """Pool the last dimension, (..., N) to (...)."""
        values = values.clamp(min=0).to(torch.promote_types(values.dtype, torch.float32))
        if math.isinf(self.p):
            return values.amax(-1)
        return (values.pow(self.p).mean(-1) + self.eps).pow(1 / self.p)
