"""MUN's intra-modality learner (IML).

Yu et al., "Modality Unifying Network for Visible-Infrared Person Re-Identification", ICCV 2023, section 3.1, eq. 1-5,
https://arxiv.org/abs/2309.06262
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fastreid_mm.layers.bounded_scale import BoundedScale


class IntraModalityLearner(nn.Module):
    """Patterns of one modality at several sizes, learned by depth-wise convolutions of different kernels.

        [c_1, c_2] = F (eq. 1),    R = [DW_5(c_1), DW_7(c_2)] (eq. 2),    R_1 = PW(BN(R)) (eq. 3),
        R_2 = DW_3(relu(R_1)) + R_1 (eq. 4),    F' = scale PW(BN(R_2)) (eq. 5)

    with the two halves c of the channels, depth-wise convolutions DW and 1 x 1 convolutions PW. Convolutions right
    before a BatchNorm have no bias, which the normalization would remove again. The scale has hardly any effect when a
    :class:`CrossModalityLearner` follows, which normalizes its input.

    Args:
        channels: C.
        expansion: how many times C the hidden maps have.

    Examples:
        >>> learner = IntraModalityLearner(64)
        >>> learner(torch.rand(2, 64, 24, 12)).shape
        torch.Size([2, 64, 24, 12])
    """

    def __init__(self, channels: int, expansion: int = 4) -> None:
        super().__init__()
        self.first_half, hidden = channels // 2, expansion * channels
        rest = channels - self.first_half
        self.depthwise5 = nn.Conv2d(self.first_half, self.first_half, 5, padding=2, groups=self.first_half, bias=False)
        self.depthwise7 = nn.Conv2d(rest, rest, 7, padding=3, groups=rest, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.expand = nn.Conv2d(channels, hidden, 1)
        self.depthwise3 = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden, bias=False)
        self.norm2 = nn.BatchNorm2d(hidden)
        self.reduce = nn.Conv2d(hidden, channels, 1)
        self.scale = BoundedScale()

    def forward(self, maps: Tensor) -> Tensor:
        """Transform (B, C, H, W) maps, and keep the shape."""
        first, second = maps[:, : self.first_half], maps[:, self.first_half :]  # eq. 1
        mixed = torch.cat([self.depthwise5(first), self.depthwise7(second)], dim=1)  # eq. 2
        hidden = self.expand(self.norm1(mixed))  # (B, 4C, H, W), eq. 3
        hidden = self.depthwise3(F.relu(hidden)) + hidden  # eq. 4
        return self.scale(self.reduce(self.norm2(hidden)))  # eq. 5
