"""Removal of the modality from a feature, as CMTR's modality-aware enhancement loss needs it.

Liang et al., "CMTR: Cross-modality Transformer for Visible-infrared Person Re-identification", 2021, eq. 4 and 5,
https://arxiv.org/abs/2110.08994
"""

import torch
from torch import Tensor, nn

from fastreid_mm.common.errors import require_choice

MAPPINGS = ("fc", "fc_bias", "identity")


class ModalityRemoval(nn.Module):
    """Subtraction of the mapped modality embedding from a feature: ``g = f - phi_m(e_m)``.

    Args:
        dim: channels D of features.
        num_modalities: how many modalities there are.
        mapping: phi (table 7), "fc" for a fully connected layer a modality, or "identity". "fc_bias" is a layer with a
            bias, which is learnt past the embedding and is longer than what the layer makes of that at the start: 0.58
            beside 0.32 where D is 768.
        embedding_dim: channels of embeddings; D if None.

    Raises:
        ValueError: the mapping is unknown, or it is the identity and embeddings have other channels than features.

    Examples:
        >>> removal, embeddings = ModalityRemoval(2, mapping="identity"), torch.tensor([[0.0, 0.0], [1.0, 0.0]])
        >>> removal(torch.ones(1, 2), torch.tensor([1]), embeddings)
        tensor([[0., 1.]])
    """

    def __init__(
        self, dim: int, num_modalities: int = 2, mapping: str = "fc", embedding_dim: int | None = None
    ) -> None:
        super().__init__()
        require_choice("mapping", mapping, MAPPINGS)
        width = embedding_dim or dim
        if mapping == "identity" and width != dim:
            raise ValueError(f"mapping identity: embeddings of {width} channels, features of {dim}")
        self.mappings = nn.ModuleList(
            nn.Identity() if mapping == "identity" else nn.Linear(width, dim, bias=mapping == "fc_bias")
            for _ in range(num_modalities)
        )

    def mapped(self, embeddings: Tensor) -> Tensor:
        """(M, embedding_dim) modality embeddings to the (M, D) vectors that are subtracted."""
        return torch.stack([phi(embedding) for phi, embedding in zip(self.mappings, embeddings)])

    def forward(self, features: Tensor, modalities: Tensor, embeddings: Tensor) -> Tensor:
        """(B, D) features, (B,) modality labels and (M, embedding_dim) embeddings to (B, D) features."""
        return features - self.mapped(embeddings)[modalities]
