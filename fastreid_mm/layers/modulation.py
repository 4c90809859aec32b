"""CMT's parameter generators: how a query modulates the gallery.

Jiang et al., "Cross-Modality Transformer for Visible-Infrared Person Re-Identification", ECCV 2022 (no arXiv version),
section 3.2, eq. 12
"""

from torch import Tensor, nn

from fastreid_mm.common.errors import require_choice

SCALES = ("one_plus", "plain")


class ModulationGenerator(nn.Module):
    """Makes the scale and the shift of every channel from the mean part of an image, each by a two-layer network.

        scale = 1 + g_1(mean_p x_p),    shift = g_2(mean_p x_p)

    They start near one and zero, which leave a feature as it is. The network gives the difference of the scale from
    one, so that weight decay pulls towards no modulation rather than towards a gallery of zeros.

    Args:
        dim: channels d of a part feature.
        reduction: ``dim`` over the channels of the hidden layer: 1 for no bottleneck, 16 as in SENet.
        scale: "one_plus" as above, or "plain", ``scale = g_1(mean_p x_p)`` as eq. 12 prints it, and both networks with
            PyTorch's initial weights: the start is another gallery for every query.

    Raises:
        ValueError: the kind of scale is unknown.

    Example:
        >>> import torch
        >>> scale, shift = ModulationGenerator(dim=64)(torch.rand(4, 6, 64))
        >>> scale.shape, shift.shape
        (torch.Size([4, 64]), torch.Size([4, 64]))
    """

    def __init__(self, dim: int, reduction: int = 1, scale: str = "one_plus") -> None:
        super().__init__()
        require_choice("scale", scale, SCALES)
        self.offset = float(scale == "one_plus")
        self.scale = _generator(dim, dim // reduction, near_zero=scale == "one_plus")
        self.shift = _generator(dim, dim // reduction, near_zero=scale == "one_plus")

    def forward(self, parts: Tensor) -> tuple[Tensor, Tensor]:
        """(B, p, d) part features to scale (B, d) and shift (B, d)."""
        pooled = parts.mean(1)
        return self.offset + self.scale(pooled), self.shift(pooled)


def _generator(dim: int, hidden: int, near_zero: bool) -> nn.Sequential:
    last = nn.Linear(hidden, dim)
    if near_zero:
        nn.init.normal_(last.weight, std=0.001)  # with zeros, the first layer would have no gradient
        nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Linear(dim, hidden), nn.ReLU(), last)
