"""MUN's cross-modality learner (CML).

Yu et al., "Modality Unifying Network for Visible-Infrared Person Re-Identification", ICCV 2023, section 3.1, eq. 6-9,
https://arxiv.org/abs/2309.06262
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fastreid_mm.layers.bounded_scale import BoundedScale


def require_divisible(ratios: Sequence[int], height: int, width: int) -> None:
    """Refuse pooling ratios that do not divide the height and the width of maps.

    Raises:
        ValueError: names the ratios that do not divide them.
    """
    if unfit := [ratio for ratio in ratios if height % ratio or width % ratio]:
        raise ValueError(f"{', '.join(map(str, unfit))} does not divide maps of {height} x {width}")


class CrossModalityLearner(nn.Module):
    """Fusion of visible and infrared maps of the same people, pooled at several ratios, into auxiliary maps.

        S_i^m = pool_i(F^m) (eq. 6),    T_i^m = TR_i(S_i^m) (eq. 7),
        T = [T_1^v .. T_n^v, T_1^r .. T_n^r] (eq. 8),    F^a = scale conv(BN(T)) (eq. 9)

    with average pooling, and a transposed convolution TR_i for each ratio, which both modalities share.

    Args:
        channels: C.
        ratios: sides of the pooling windows; each must divide the height and the width of the maps.
        tr_groups: groups of the transposed convolutions: 1 for full ones, C for depth-wise ones, which have 250 times
            fewer parameters at 256 channels.

    Examples:
        >>> learner = CrossModalityLearner(64, ratios=(2, 6))
        >>> learner(torch.rand(4, 64, 24, 12), torch.rand(4, 64, 24, 12)).shape
        torch.Size([4, 64, 24, 12])
    """

    def __init__(self, channels: int, ratios: Sequence[int] = (2, 4, 6, 12), tr_groups: int = 1) -> None:
        super().__init__()
        self.ratios = tuple(ratios)
        # without bias, which the BatchNorm would remove again
        self.rebuild = nn.ModuleList(
            nn.ConvTranspose2d(channels, channels, ratio, ratio, groups=tr_groups, bias=False) for ratio in self.ratios
        )
        stacked = 2 * len(self.ratios) * channels
        self.norm = nn.BatchNorm2d(stacked)
        self.fuse = nn.Conv2d(stacked, channels, 1)
        self.scale = BoundedScale()

    def forward(self, visible: Tensor, infrared: Tensor) -> Tensor:
        """Make auxiliary maps (B, C, H, W) of the maps of both modalities, (B, C, H, W) each.

        The b-th visible and the b-th infrared map show the same identity.

        Raises:
            ValueError: a ratio does not divide the height or the width of the maps.
        """
        require_divisible(self.ratios, *visible.shape[-2:])
        both = torch.cat([visible, infrared])  # (2B, C, H, W)
        maps = [rebuild(F.avg_pool2d(both, ratio)) for ratio, rebuild in zip(self.ratios, self.rebuild)]  # eq. 6-7
        count = len(visible)
        stacked = torch.cat([m[:count] for m in maps] + [m[count:] for m in maps], dim=1)  # (B, 2nC, H, W), eq. 8
        return self.scale(self.fuse(self.norm(stacked)))  # eq. 9
