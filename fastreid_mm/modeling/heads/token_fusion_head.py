"""MutualFormer's fused branch for Re-ID (figure 5): maps to tokens, fused, pooled and classified."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fastreid_mm.layers import TokenFusion


class TokenFusionHead(nn.Module):
    """Every place of a map becomes a token, through a 1 x 1 convolution and a learnt position for each modality.

    The paper does not say how its maps become tokens. For saliency detection, only a convolution that both modalities
    share meets its printed number of parameters, so that is the default here too.

    Args:
        in_dim: channels C of the maps.
        dim: channels of a token.
        grid: (rows, columns) of the maps.
        fusion: two streams of tokens to one.
        num_classes: training identities.
        share_embed: one convolution for both modalities, or else each has its own.
    """

    def __init__(self, in_dim: int, dim: int, grid: tuple[int, int], fusion: TokenFusion, num_classes: int,
                 share_embed: bool = True):
        super().__init__()
        self.grid = grid
        self.embed = nn.ModuleList(nn.Conv2d(in_dim, dim, 1) for _ in range(1 if share_embed else 2))
        self.position = nn.Parameter(nn.init.trunc_normal_(torch.empty(2, grid[0] * grid[1], dim), std=0.02))
        self.fusion = fusion
        self.classifier = nn.Linear(dim, num_classes)

    def forward(self, maps: Tensor) -> Tensor:
        """(B, 2, C, rows, columns) maps to the fused feature (B, dim).

        Raises:
            ValueError: maps of another size than the positions are for.
        """
        if maps.shape[3:] != self.grid:
            raise ValueError(f"maps of {tuple(maps.shape[3:])} places, there are positions for {self.grid}")
        tokens = [self.embed[index % len(self.embed)](own).flatten(2).mT + position
                  for index, (own, position) in enumerate(zip(maps.unbind(1), self.position))]
        return self.fusion(*tokens).mean(1).float()

    def loss(self, feature: Tensor, targets: Tensor, label_smoothing: float) -> Tensor:
        """(B, dim) features and (B,) targets to the 0-d cross-entropy."""
        return F.cross_entropy(self.classifier(feature), targets, label_smoothing=label_smoothing)
