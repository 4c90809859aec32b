"""Learnable modality embeddings (CMTR, section 3.2, eq. 2)."""

import torch
from torch import Tensor, nn


class ModalityEmbedding(nn.Module):
    """One vector per modality, added to the tokens of every image of that modality.

    Args:
        dim: channels D of a token.
        num_modalities: how many modalities there are.
        prefix_tokens: how many leading tokens (the class token) are left out; 0 adds to all.
    """

    def __init__(self, dim: int, num_modalities: int = 2, prefix_tokens: int = 0):
        super().__init__()
        self.prefix_tokens = prefix_tokens
        # zeros would start both modalities alike; TransReID's side information starts like this
        self.weight = nn.Parameter(nn.init.trunc_normal_(torch.empty(num_modalities, dim), std=0.02))

    def forward(self, tokens: Tensor, modalities: Tensor) -> Tensor:
        """(B, N, D) tokens and (B,) modalities to (B, N, D) tokens."""
        added = self.weight[modalities][:, None]  # (B, 1, D)
        if not self.prefix_tokens:
            return tokens + added
        return torch.cat([tokens[:, :self.prefix_tokens], tokens[:, self.prefix_tokens:] + added], dim=1)
