"""MutualFormer's head for Re-ID, its fused branch: maps become tokens, which are fused, pooled and classified.

Wang et al., "MutualFormer: Multi-Modality Representation Learning via Cross-Diffusion Attention", section 3.4 and
figure 5, https://arxiv.org/abs/2112.01177. The branches of the single modalities are HAMNet's.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fastreid_mm.layers import TokenFusion


class TokenFusionHead(nn.Module):
    """Makes a token of every place of a map, by a 1 x 1 convolution and a learned position for each modality.

    The paper does not say how its maps become tokens. For saliency detection, only a convolution that both modalities
    share meets its printed number of parameters, so that is the default here too.

    Args:
        in_dim: channels C of the maps.
        dim: channels of a token.
        grid: (rows, columns) of the maps.
        fusion: fuses two streams of tokens to one.
        num_classes: how many identities there are in training.
        share_embed: whether both modalities share one convolution, or each has its own.
        label_smoothing: label smoothing of the identity loss.
    """

    def __init__(
        self,
        in_dim: int,
        dim: int,
        grid: tuple[int, int],
        fusion: TokenFusion,
        num_classes: int,
        share_embed: bool = True,
        label_smoothing: float = 0.1,
    ) -> None:
        super().__init__()
        self.grid, self.label_smoothing = grid, label_smoothing
        self.embed = nn.ModuleList(nn.Conv2d(in_dim, dim, 1) for _ in range(1 if share_embed else 2))
        self.position = nn.Parameter(nn.init.trunc_normal_(torch.empty(2, grid[0] * grid[1], dim), std=0.02))
        self.fusion = fusion
        self.classifier = nn.Linear(dim, num_classes)

    def features(self, maps: Tensor) -> Tensor:
        """(B, 2, C, rows, columns) maps to (B, dim) fused features.

        Raises:
            ValueError: the maps are not of the size that the positions were made for.
        """
        if maps.shape[3:] != self.grid:
            raise ValueError(f"maps of {tuple(maps.shape[3:])} places, there are positions for {self.grid}")
        tokens = [
            self.embed[index % len(self.embed)](one).flatten(2).mT + position
            for index, (one, position) in enumerate(zip(maps.unbind(1), self.position))
        ]
        return self.fusion(*tokens).mean(1).float()

    def forward(self, features: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """(B, dim) fused features and (B,) targets to ``loss_fused_id``."""
        return {
            "loss_fused_id": F.cross_entropy(self.classifier(features), targets, label_smoothing=self.label_smoothing)
        }
