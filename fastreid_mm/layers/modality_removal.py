"""Taking the modality out of a feature (CMTR, section 3.3, eq. 4 and 5)."""

import torch
from torch import Tensor, nn

MAPPINGS = ("fc", "identity")


class ModalityRemoval(nn.Module):
    """Subtract the mapped modality embedding: g = f - phi_m(e_m).

    Args:
        dim: channels D of features and embeddings.
        num_modalities: how many modalities there are.
        mapping: phi, "fc" (one fully connected layer per modality) or "identity" (table 7).

    Raises:
        ValueError: unknown ``mapping``.
    """

    def __init__(self, dim: int, num_modalities: int = 2, mapping: str = "fc"):
        super().__init__()
        if mapping not in MAPPINGS:
            raise ValueError(f"mapping {mapping!r} is not one of {', '.join(MAPPINGS)}")
        self.mappings = nn.ModuleList(
            nn.Linear(dim, dim) if mapping == "fc" else nn.Identity() for _ in range(num_modalities))

    def forward(self, features: Tensor, modalities: Tensor, embeddings: Tensor) -> Tensor:
        """(B, D) features, (B,) modalities and (M, D) modality embeddings to (B, D) features."""
        mapped = torch.stack([phi(embedding) for phi, embedding in zip(self.mappings, embeddings)])  # (M, D)
        return features - mapped[modalities]
