"""Cross-modality learner (MUN, section 3.2, eq. 6-9)."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fastreid_mm.layers.bounded_scale import BoundedScale


def require_divisible(ratios: Sequence[int], height: int, width: int) -> None:
    """Check that maps can be pooled by every ratio without a remainder.

    Raises:
        ValueError: names the ratios that do not divide.
    """
    if unfit := [ratio for ratio in ratios if height % ratio or width % ratio]:
        raise ValueError(f"{', '.join(map(str, unfit))} does not divide maps of {height} x {width}")


class CrossModalityLearner(nn.Module):
    """Fuses visible and infrared maps of the same people, pooled at several ratios, into auxiliary maps.

    Args:
        channels: C.
        ratios: sides of the pooling windows; each must divide the maps' height and width.
        tr_groups: groups of the transposed convolutions. 1 is a full one; C a depth-wise one, 250 times smaller at 256
            channels.
    """

    def __init__(self, channels: int, ratios: Sequence[int] = (2, 4, 6, 12), tr_groups: int = 1):
        super().__init__()
        self.ratios = tuple(ratios)
        # one a ratio, for both modalities; without bias, which the BatchNorm would take out again
        self.rebuild = nn.ModuleList(nn.ConvTranspose2d(channels, channels, ratio, ratio, groups=tr_groups, bias=False)
                                     for ratio in self.ratios)
        stacked = 2 * len(self.ratios) * channels
        self.norm = nn.BatchNorm2d(stacked)
        self.fuse = nn.Conv2d(stacked, channels, 1)
        self.scale = BoundedScale()

    def forward(self, visible: Tensor, infrared: Tensor) -> Tensor:
        """(B, C, H, W) maps of both modalities, sample by sample of the same identity, to (B, C, H, W).

        Raises:
            ValueError: a ratio does not divide the maps.
        """
        require_divisible(self.ratios, *visible.shape[-2:])
        both = torch.cat([visible, infrared])  # (2B, C, H, W)
        maps = [rebuild(F.avg_pool2d(both, ratio)) for ratio, rebuild in zip(self.ratios, self.rebuild)]  # eq. 6-7
        count = len(visible)
        stacked = torch.cat([m[:count] for m in maps] + [m[count:] for m in maps], dim=1)  # (B, 2nC, H, W), eq. 8
        return self.scale(self.fuse(self.norm(stacked)))  # eq. 9
