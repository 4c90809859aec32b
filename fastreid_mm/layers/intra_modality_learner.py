"""Intra-modality learner (MUN, section 3.2, eq. 1-5)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fastreid_mm.layers.bounded_scale import BoundedScale


class IntraModalityLearner(nn.Module):
    """What one modality's maps show at several sizes, learnt by depth-wise convolutions.

    Convolutions right before a BatchNorm have no bias: the normalisation would take it out again. The scale is nearly
    inert too when a :class:`CrossModalityLearner` follows, which normalises its input.

    Args:
        channels: C.
        expansion: how many times C the hidden maps have.
    """

    def __init__(self, channels: int, expansion: int = 4):
        super().__init__()
        self.half, hidden = channels // 2, expansion * channels
        rest = channels - self.half
        self.depthwise5 = nn.Conv2d(self.half, self.half, 5, padding=2, groups=self.half, bias=False)
        self.depthwise7 = nn.Conv2d(rest, rest, 7, padding=3, groups=rest, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.expand = nn.Conv2d(channels, hidden, 1)
        self.depthwise3 = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden, bias=False)
        self.norm2 = nn.BatchNorm2d(hidden)
        self.reduce = nn.Conv2d(hidden, channels, 1)
        self.scale = BoundedScale()

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C, H, W)."""
        first, second = maps[:, :self.half], maps[:, self.half:]  # eq. 1
        mixed = torch.cat([self.depthwise5(first), self.depthwise7(second)], dim=1)  # eq. 2
        hidden = self.expand(self.norm1(mixed))  # (B, 4C, H, W), eq. 3
        hidden = self.depthwise3(F.relu(hidden)) + hidden  # eq. 4
        return self.scale(self.reduce(self.norm2(hidden)))  # eq. 5
