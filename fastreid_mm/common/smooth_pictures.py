"""Pictures drawn from a seed, for comparing two forms of a network."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

COARSE = 5


def smooth_pictures(count: int, channels: int, size: Sequence[int], seed: int) -> Tensor:
    """Draw pictures whose neighbouring pixels are alike, as in photographs.

    White noise is like no image: it makes activations far larger than those a network was trained with, and with them
    the rounding errors of two correct programs.

    Returns:
        Pictures (count, channels, *size), from 0 to 1.
    """
    draw = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, channels, COARSE, COARSE, generator=draw)
    return F.interpolate(coarse, size=list(size), mode="bicubic", align_corners=True).clamp(0, 1)
