"""IEEE's part features: pooled, reduced, related to the whole image, embedded and classified."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fastreid_mm.layers import RelationEmbedding
from fastreid_mm.layers.cross_modal_interaction import pointwise_conv


class PartEmbedding(nn.Module):
    """From one modality's map to part features and their scores (IEEE, sections "REM" and "Framework").

    Args:
        in_dim: channels C of the map.
        reduced_dim: channels after the 1 x 1 convolution, the same for all parts and the whole.
        dim: channels d of a part feature.
        parts: how many horizontal parts p.
        num_classes: training identities.
        relation: :class:`RelationEmbedding` over ``reduced_dim`` channels, None to leave it out.
    """

    def __init__(self, in_dim: int, reduced_dim: int, dim: int, parts: int, num_classes: int,
                 relation: RelationEmbedding | None):
        super().__init__()
        self.parts = parts
        self.reduce = pointwise_conv(in_dim, reduced_dim)
        self.relation = relation
        self.embed = nn.ModuleList(
            nn.Sequential(nn.Linear(reduced_dim, dim), nn.BatchNorm1d(dim), nn.ReLU()) for _ in range(parts))
        self.classifiers = nn.ModuleList(nn.Linear(dim, num_classes) for _ in range(parts))

    def forward(self, maps: Tensor, whole: Tensor) -> Tensor:
        """Part features.

        Args:
            maps: (B, C, H, W), which the parts are pooled from.
            whole: (B, C, H, W), which the feature of the whole image is pooled from.

        Returns:
            (B, p, d).
        """
        parts = self.reduce(F.adaptive_avg_pool2d(maps, (self.parts, 1))).squeeze(3).mT  # (B, p, reduced)
        # without a relation too, as in the released code: the BatchNorm of the reduction remembers both
        whole = self.reduce(F.adaptive_avg_pool2d(whole, 1)).flatten(1)  # (B, reduced)
        if self.relation is not None:
            parts = self.relation(parts, whole)
        return torch.stack([embed(part) for embed, part in zip(self.embed, parts.unbind(1))], dim=1)

    def identity_loss(self, parts: Tensor, targets: Tensor, label_smoothing: float) -> Tensor:
        """(B, p, d) part features and (B,) targets to a 0-d loss, summed over the parts."""
        return sum(F.cross_entropy(classifier(part), targets, label_smoothing=label_smoothing)
                   for classifier, part in zip(self.classifiers, parts.unbind(1)))
