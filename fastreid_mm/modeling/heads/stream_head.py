"""A BNNeck for each stream and one classifier for all, which HAMNet has and MutualFormer builds on (its figure 5).

Li et al., "Multi-spectral Vehicle Re-identification: A Challenge", AAAI 2020 (no arXiv version). What the paper leaves
open follows its released code: all losses, the triplet loss too, take the features after the necks, and the classifier
has PyTorch's initial weights.
"""

import torch
from torch import Tensor, nn

from fastreid_mm.layers import bn_neck
from fastreid_mm.modeling.heads.aligned_head import AlignedHead


class StreamHead(AlignedHead):
    """Pools the map of each modality, and classifies all modalities with the same weights.

    Args:
        dim: channels C of the maps.
        num_modalities: how many modalities M there are.
        num_classes: how many identities there are in training.
    """

    gives: tuple[str, ...] = ("features", "stream_features", "stream_scores", "cls_outputs", "pred_class_logits")

    def __init__(self, dim: int, num_modalities: int, num_classes: int) -> None:
        super().__init__()
        self.necks = nn.ModuleList(bn_neck(dim) for _ in range(num_modalities))
        self.classifier = nn.Linear(dim, num_classes)

    def stream_features(self, maps: Tensor) -> Tensor:
        """(B, M, C, H, W) maps to (B, M, C) features after the necks."""
        pooled = maps.mean((3, 4)).float()
        return torch.stack([neck(feature) for neck, feature in zip(self.necks, pooled.unbind(1))], dim=1)

    def classified(self, streams: Tensor, fused: Tensor, fused_scores: Tensor) -> dict[str, Tensor]:
        """(B, M, C) features, (B, D) fused features and their (B, N) class scores to the outputs of training.

        ``cls_outputs (B, M + 1, N)`` are the scores of the streams, and the fused ones at the end.
        """
        scores = self.classifier(streams)  # (B, M, N)
        everything = torch.cat([scores, fused_scores[:, None]], 1)
        return {
            "features": fused,
            "stream_features": streams,
            "stream_scores": scores,
            "cls_outputs": everything,
            "pred_class_logits": everything,
        }
