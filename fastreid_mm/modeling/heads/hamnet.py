"""HAMNet's head: a BNNeck for each stream and one classifier for all, which are MutualFormer's, too.

Li et al., "Multi-spectral Vehicle Re-identification: A Challenge", AAAI 2020 (no arXiv version). What the paper leaves
open follows its released code: all losses, the triplet loss too, take the features after the necks, and the classifier
has PyTorch's initial weights.
"""

from itertools import combinations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fastreid_mm.layers import bn_neck
from fastreid_mm.losses import batch_hard_triplet, heterogeneous_score_coherence
from fastreid_mm.losses.total import total


class StreamHead(nn.Module):
    """Pools the map of each modality, and classifies all modalities with the same weights (MutualFormer, figure 5).

    Args:
        dim: channels C of the maps.
        num_modalities: how many modalities M there are.
        num_classes: how many identities there are in training.
        coherence: weight of the heterogeneous score coherence loss of every pair of modalities.
        triplet: weight of a batch-hard triplet loss on the features after each neck; 0 leaves it out.
        label_smoothing: label smoothing of the identity losses.
    """

    def __init__(
        self,
        dim: int,
        num_modalities: int,
        num_classes: int,
        coherence: float = 0.001,
        triplet: float = 0.0,
        label_smoothing: float = 0.1,
    ) -> None:
        super().__init__()
        self.necks = nn.ModuleList(bn_neck(dim) for _ in range(num_modalities))
        self.classifier = nn.Linear(dim, num_classes)
        self.coherence, self.triplet, self.label_smoothing = coherence, triplet, label_smoothing

    def features(self, maps: Tensor) -> Tensor:
        """(B, M, C, H, W) maps to (B, M, C) features after the necks."""
        pooled = maps.mean((3, 4)).float()
        return torch.stack([neck(feature) for neck, feature in zip(self.necks, pooled.unbind(1))], dim=1)

    def forward(self, features: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """(B, M, C) features and (B,) targets to ``loss_id``, ``loss_coherence`` and perhaps ``loss_triplet``.

        Each is summed over the modalities.
        """
        logits = self.classifier(features).unbind(1)  # M times (B, classes)
        losses = {
            "loss_id": total(F.cross_entropy(one, targets, label_smoothing=self.label_smoothing) for one in logits),
            "loss_coherence": self.coherence
            * total(heterogeneous_score_coherence(a, b) for a, b in combinations(logits, 2)),
        }
        if self.triplet:
            losses["loss_triplet"] = self.triplet * total(
                batch_hard_triplet(stream, targets) for stream in features.unbind(1)
            )
        return losses


class HAMNetHead(StreamHead):
    """The losses of the streams, and those of the class scores that the streams' class activation maps give together.

    It takes the arguments of :class:`StreamHead`.
    """

    def forward(  # type: ignore[override]  # a module is called as what it is, never as its base
        self, features: Tensor, fused_scores: Tensor, targets: Tensor
    ) -> dict[str, Tensor]:
        """(B, M, C) features, (B, classes) fused scores and (B,) targets to losses.

        They are those of :class:`StreamHead`, ``loss_fused_id`` and, where the streams have a triplet loss,
        ``loss_fused_triplet``.
        """
        losses = super().forward(features, targets)
        losses["loss_fused_id"] = F.cross_entropy(fused_scores, targets, label_smoothing=self.label_smoothing)
        if self.triplet:
            losses["loss_fused_triplet"] = self.triplet * batch_hard_triplet(fused_scores, targets)
        return losses
