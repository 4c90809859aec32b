"""The streams' own features and scores in HAMNet and MutualFormer: a BNNeck each, one classifier for all."""

from itertools import combinations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fastreid_mm.layers import bn_neck
from fastreid_mm.losses import batch_hard_triplet, heterogeneous_score_coherence


class StreamScores(nn.Module):
    """Pools each modality's map, and classifies all modalities with the same weights (MutualFormer, figure 5).

    As in HAMNet's released code, every loss is one of the features after the necks, the triplet loss too, and the
    classifier starts as PyTorch has it.

    Args:
        dim: channels C of the maps.
        num_modalities: M.
        num_classes: training identities.
        coherence: weight of the heterogeneous score coherence loss, of every pair of modalities.
        triplet: weight of a batch-hard triplet loss on the features after each neck; 0 for none.
        label_smoothing: of the cross-entropy.
    """

    def __init__(self, dim: int, num_modalities: int, num_classes: int, coherence: float = 0.001, triplet: float = 0.0,
                 label_smoothing: float = 0.1):
        super().__init__()
        self.necks = nn.ModuleList(bn_neck(dim) for _ in range(num_modalities))
        self.classifier = nn.Linear(dim, num_classes)
        self.coherence, self.triplet, self.label_smoothing = coherence, triplet, label_smoothing

    def forward(self, maps: Tensor) -> Tensor:
        """(B, M, C, H, W) maps to (B, M, C) features after the necks."""
        pooled = maps.mean((3, 4)).float()
        return torch.stack([neck(own) for neck, own in zip(self.necks, pooled.unbind(1))], dim=1)

    def losses(self, necked: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """What :meth:`forward` gave and (B,) targets to weighted 0-d losses, summed over the modalities."""
        scores = self.classifier(necked).unbind(1)  # M times (B, classes)
        losses = {
            "loss_id": sum(F.cross_entropy(own, targets, label_smoothing=self.label_smoothing) for own in scores),
            "loss_coherence": self.coherence * sum(heterogeneous_score_coherence(a, b)
                                                   for a, b in combinations(scores, 2)),
        }
        if self.triplet:
            losses["loss_triplet"] = self.triplet * sum(batch_hard_triplet(own, targets) for own in necked.unbind(1))
        return losses
