"""Pictures to compare two forms of a network on, made of nothing but a seed."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

COARSE = 5


def smooth_pictures(count: int, channels: int, size: Sequence[int], seed: int) -> Tensor:
    """Draw pictures whose neighbouring pixels are alike, as in photographs.

    White noise is like no image: activations grow on it far beyond what a network was trained for, and the rounding of
    two right programs with them.

    Args:
        count: How many.
        channels: Of each.
        size: Height and width.
        seed: Another one gives other pictures.

    Returns:
        (count, channels, *size), from 0 to 1.
    """
    draw = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, channels, COARSE, COARSE, generator=draw)
    return F.interpolate(coarse, size=list(size), mode="bicubic", align_corners=True).clamp(0, 1)
