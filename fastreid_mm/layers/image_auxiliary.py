"""Auxiliary modalities made of images rather than maps, which MUN compares with (its table 2).

Their own papers build whole methods around them; here is the modality alone, in the place of the auxiliary generator.
"""

import torch
from torch import Tensor, nn


class XModality(nn.Module):
    """Two 1 x 1 convolutions on the visible image, through a single channel (Li et al., AAAI 2020)."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 1, 1), nn.ReLU(), nn.Conv2d(1, 3, 1))

    def forward(self, visible: Tensor, infrared: Tensor) -> Tensor:
        """Normalised images (B, 3, H, W) each to (B, 3, H, W); the infrared ones are not looked at."""
        return self.layers(visible)


class MixedModality(nn.Module):
    """A visible and an infrared image of one person, mixed at a ratio drawn for each pair (Huang et al., 2022)."""

    def forward(self, visible: Tensor, infrared: Tensor) -> Tensor:
        """Normalised images (B, 3, H, W) each to (B, 3, H, W)."""
        ratio = torch.rand(len(visible), 1, 1, 1, device=visible.device)
        return ratio * visible + (1 - ratio) * infrared


class SyncreticModality(nn.Module):
    """1 x 1 convolutions on the two images of a person, stacked (after Wei et al., ICCV 2021)."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(6, 3, 1), nn.ReLU(), nn.Conv2d(3, 3, 1))

    def forward(self, visible: Tensor, infrared: Tensor) -> Tensor:
        """Normalised images (B, 3, H, W) each to (B, 3, H, W)."""
        return self.layers(torch.cat([visible, infrared], dim=1))
