"""The cross-level module of MutualFormer's decoder: F3Net's cross feature module (Wei et al., AAAI 2020)."""

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
