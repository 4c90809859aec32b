"""MUN's modality alignment loss on modality prototypes (MUN, section 3.4, eq. 13-16)."""

import torch
from torch import Tensor, nn

from fastreid_mm.layers import ModalityPrototypes
from fastreid_mm.losses import maximum_mean_discrepancy
from fastreid_mm.losses.geometry import same_identity

VISIBLE, INFRARED, AUXILIARY = range(3)


class ModalityAlignment(nn.Module):
    """Brings the modalities of each identity together, by their maximum mean discrepancy (eq. 15).

    Args:
        prototypes: what is compared; None compares the features themselves (table 3, without prototype).
        bridge: visible and infrared each with auxiliary features, or directly with each other (table 3).
        rows_per_identity: with a memory of prototypes that belongs to identities, how many rows each has there; 0
            for the paper's memory, whose rows belong to places in the batch.
    """

    def __init__(self, prototypes: ModalityPrototypes | None, bridge: bool = True, rows_per_identity: int = 0):
        super().__init__()
        self.prototypes = prototypes
        self.num_modalities = 3 if bridge else 2
        self.pairs = [(VISIBLE, AUXILIARY), (AUXILIARY, INFRARED)] if bridge else [(VISIBLE, INFRARED)]
        self.rows_per_identity = rows_per_identity

    def forward(self, features: Tensor, targets: Tensor) -> Tensor:
        """(M, B, D) features, visible, infrared and for a bridge auxiliary, and their (B,) targets to a 0-d loss."""
        features = features[:self.num_modalities]
        if self.prototypes is not None:
            features = self.prototypes(features, self._slots(targets))
        identities = targets.unique()
        members = [features[:, targets == identity] for identity in identities]  # (M, K, D) each
        return sum(maximum_mean_discrepancy(rows[a], rows[b]) for rows in members for a, b in self.pairs
                   ) / len(identities)

    def _slots(self, targets: Tensor) -> Tensor:
        """Which row of the memory each sample has, (B,)."""
        if not self.rows_per_identity:
            return torch.arange(len(targets), device=targets.device)
        earlier = same_identity(targets).tril(-1).sum(dim=1)  # (B,) how many of the identity came before
        return targets * self.rows_per_identity + earlier
