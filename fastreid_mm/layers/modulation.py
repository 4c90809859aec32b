"""The parameters with which a query modulates the gallery (CMT, section 3.3, eq. 12)."""

from torch import Tensor, nn


class ModulationGenerator(nn.Module):
    """Scale and shift of every channel from the mean part of an image, each through a two-layer network.

    They start near one and zero, which leave a feature as it is. The network gives the scale's difference to one, so
    that weight decay pulls towards no modulation rather than towards a gallery of nothing.

    Args:
        dim: channels d of a part feature.
        reduction: ``dim`` over the channels of the hidden layer; 1 for none, 16 as in SENet.
    """

    def __init__(self, dim: int, reduction: int = 1):
        super().__init__()
        self.scale = _generator(dim, dim // reduction)
        self.shift = _generator(dim, dim // reduction)

    def forward(self, parts: Tensor) -> tuple[Tensor, Tensor]:
        """(B, p, d) part features to scale (B, d) and shift (B, d)."""
        pooled = parts.mean(1)
        return 1 + self.scale(pooled), self.shift(pooled)


def _generator(dim: int, hidden: int) -> nn.Sequential:
    last = nn.Linear(hidden, dim)
    nn.init.normal_(last.weight, std=0.001)  # zeros would keep the gradient from the first layer
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Linear(dim, hidden), nn.ReLU(), last)
