"""Auxiliary modalities that are images rather than maps, with which MUN compares its own (table 2).

MUN: https://arxiv.org/abs/2309.06262. The papers of these modalities build whole methods around them; here is the
modality alone, in the place of MUN's auxiliary generator.
"""

import torch
from torch import Tensor, nn


class XModality(nn.Module):
    """Two 1 x 1 convolutions on the visible image, with a single channel between them: ``x = W_2 relu(W_1 v)``.

    Li et al., "Infrared-Visible Cross-Modal Person Re-Identification with an X Modality", AAAI 2020.

    Examples:
        >>> visible, infrared = torch.rand(2, 4, 3, 288, 144)
        >>> XModality()(visible, infrared).shape
        torch.Size([4, 3, 288, 144])
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 1, 1), nn.ReLU(), nn.Conv2d(1, 3, 1))

    def forward(self, visible: Tensor, infrared: Tensor) -> Tensor:
        """Make auxiliary images (B, 3, H, W) of normalized visible images (B, 3, H, W); infrared ones are not used."""
        return self.layers(visible)


class MixedModality(nn.Module):
    """Mixture of a visible and an infrared image of one person at a random ratio: ``x = r v + (1 - r) i``.

    Kong et al., "Dynamic Center Aggregation Loss With Mixed Modality for Visible-Infrared Person Re-Identification",
    IEEE Signal Processing Letters 2021. MUN does not say how it mixes: the ratio is a reading.

    Examples:
        >>> visible, infrared = torch.ones(4, 3, 288, 144), torch.ones(4, 3, 288, 144)
        >>> torch.allclose(MixedModality()(visible, infrared), visible)
        True
    """

    def forward(self, visible: Tensor, infrared: Tensor) -> Tensor:
        """Mix normalized images of both modalities, (B, 3, H, W) each, into (B, 3, H, W)."""
        ratio = torch.rand(len(visible), 1, 1, 1, device=visible.device)
        return ratio * visible + (1 - ratio) * infrared


class SyncreticModality(nn.Module):
    """Two 1 x 1 convolutions on the stacked visible and infrared image of a person: ``x = W_2 relu(W_1 [v, i])``.

    After Wei et al., "Syncretic Modality Collaborative Learning for Visible Infrared Person Re-Identification", ICCV
    2021.

    Examples:
        >>> visible, infrared = torch.rand(2, 4, 3, 288, 144)
        >>> SyncreticModality()(visible, infrared).shape
        torch.Size([4, 3, 288, 144])
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(6, 3, 1), nn.ReLU(), nn.Conv2d(3, 3, 1))

    def forward(self, visible: Tensor, infrared: Tensor) -> Tensor:
        """Make auxiliary images (B, 3, H, W) of normalized images of both modalities, (B, 3, H, W) each."""
        return self.layers(torch.cat([visible, infrared], dim=1))
