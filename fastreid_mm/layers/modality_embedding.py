"""CMTR's learnable modality embeddings.

Liang et al., "CMTR: Cross-modality Transformer for Visible-infrared Person Re-identification", 2021, eq. 2,
https://arxiv.org/abs/2110.08994
"""

import torch
from torch import Tensor, nn


class ModalityEmbedding(nn.Module):
    """One vector e_m for each modality, added to the tokens of every image of that modality: ``x_i + e_m``.

    Args:
        dim: channels D of a token.
        num_modalities: how many modalities there are.
        prefix_tokens: how many leading tokens (the class token) get no embedding; 0 adds it to all.

    Examples:
        >>> embedding = ModalityEmbedding(768)
        >>> embedding(torch.zeros(2, 466, 768), modalities=torch.tensor([0, 1])).shape
        torch.Size([2, 466, 768])
    """

    def __init__(self, dim: int, num_modalities: int = 2, prefix_tokens: int = 0) -> None:
        super().__init__()
        self.prefix_tokens = prefix_tokens
        # like TransReID's side information embedding; zeros would start both modalities alike
        self.weight = nn.Parameter(nn.init.trunc_normal_(torch.empty(num_modalities, dim), std=0.02))

    def forward(self, tokens: Tensor, modalities: Tensor) -> Tensor:
        """Add the embeddings of (B,) modality labels to (B, N, D) tokens."""
        added = self.weight[modalities][:, None]  # (B, 1, D)
        if not self.prefix_tokens:
            return tokens + added
        return torch.cat([tokens[:, : self.prefix_tokens], tokens[:, self.prefix_tokens :] + added], dim=1)
