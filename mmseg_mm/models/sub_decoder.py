"""One of the two sub-decoders of MutualFormer's decoder, and its cross-level module.

They are F3Net's cascaded feedback decoder and cross feature module (Wei et al., AAAI 2020).
"""

from collections.abc import Sequence

import torch.nn.functional as F
from mmcv.cnn import ConvModule
from torch import Tensor, nn


class CrossLevelModule(nn.Module):
    """Refinement of the maps of two neighbouring levels by the product of their features.

    Args:
        channels: the number of channels of the maps.
        norm_cfg: the config of the norm after each convolution, because of which the convolution has no bias.
    """

    def __init__(self, channels: int, norm_cfg: dict) -> None:
        super().__init__()
        self.fine, self.coarse = (
            nn.ModuleList(ConvModule(channels, channels, 3, padding=1, norm_cfg=norm_cfg) for _ in range(4))
            for _ in range(2)
        )

    def forward(self, fine: Tensor, coarse: Tensor, only_coarse: bool = False) -> tuple[Tensor | None, Tensor]:
        """Refine the maps (B, C, H, W) of the finer and (B, C, h, w) of the coarser level, both to (B, C, H, W).

        With ``only_coarse`` the finer level's is not computed, and None.
        """
        coarse = F.interpolate(coarse, size=fine.shape[-2:], mode="bilinear", align_corners=False)
        fine, coarse = self.fine[0](fine), self.coarse[0](coarse)
        common = self.fine[1](fine) * self.coarse[1](coarse)
        refined = None if only_coarse else self.fine[3](self.fine[2](common) + fine)
        return refined, self.coarse[3](self.coarse[2](common) + coarse)


class SubDecoder(nn.Module):
    """Sub-decoder that merges the levels from the coarsest to the finest.

    Args:
        channels: the number of channels of the maps.
        num_levels: the number of levels.
        norm_cfg: the config of the norms, see :class:`CrossLevelModule`.
    """

    def __init__(self, channels: int, num_levels: int, norm_cfg: dict) -> None:
        super().__init__()
        self.merge = nn.ModuleList(CrossLevelModule(channels, norm_cfg) for _ in range(num_levels - 1))

    def forward(
        self, maps: Sequence[Tensor], feedback: Tensor | None = None, only_merged: bool = False
    ) -> tuple[list[Tensor | None], Tensor]:
        """Refine and merge the maps of all levels.

        Args:
            maps: the map (B, C, H_l, W_l) of each level, finest first.
            feedback: the merged map (B, C, H, W) of an earlier sub-decoder, which is added to every level first.
            only_merged: whether to leave out what refines the levels and not the merged map.

        Returns:
            The refined map of each level, None where it is left out, and the merged map (B, C, H_0, W_0). Feedback
            alone refines the coarsest level.
        """
        if feedback is not None:
            maps = [
                level + F.interpolate(feedback, size=level.shape[-2:], mode="bilinear", align_corners=False)
                for level in maps
            ]
        refined: list[Tensor | None] = list(maps)
        merged = maps[-1]
        for level in reversed(range(len(self.merge))):
            refined[level], merged = self.merge[level](maps[level], merged, only_merged)
        return refined, merged
