"""Streams weighed by where they see the classes (HAMNet, section 3.2): class activation maps as fusion weights."""

import torch
from torch import Tensor, nn

from fastreid_mm.layers.shapes import present_modalities, require_shapes


class ClassActivationFusion(nn.Module):
    """Weighs each stream's feature by its share in the class activation maps, the heavier the surer the class.

    Each stream's maps give class activation maps by a 1 x 1 convolution and a sigmoid. With "s_m" their sums over all
    places and "s" the sum of their maximum over the streams, a class weighs ``w = s / sum_c s``, a stream has the share
    ``a_m = s_m / sum_m s_m`` of it, and the feature of a stream weighs ``sum_c w a_m``; these sum to one.

    Args:
        channels: C of the maps.
        num_classes: training identities.
        num_modalities: M.
    """

    def __init__(self, channels: int, num_classes: int, num_modalities: int = 2):
        super().__init__()
        self._axes = f"B {num_modalities} {channels} H W"
        self.activations = nn.ModuleList(
            nn.Conv2d(channels, num_classes, 1, bias=False) for _ in range(num_modalities))

    def forward(self, maps: Tensor, features: Tensor, present: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Fuse the features of the streams.

        Args:
            maps: (B, M, C, H, W), one a modality.
            features: (B, M, D), one a modality.
            present: (B, M) bool; a missing modality has no share. None for all.

        Returns:
            The fused features (B, D), and class scores ``w sum_m a_m s_m``, (B, num_classes).

        Raises:
            ValueError: maps, features or a mask of another shape, or a sample without any modality.
        """
        require_shapes(maps=(maps, self._axes), features=(features, f"B {len(self.activations)} D"))
        found = torch.stack([conv(own) for conv, own in zip(self.activations, maps.unbind(1))], dim=1).sigmoid()
        if present is not None:
            found = found * present_modalities(present, maps)[..., None, None, None]
        sums = found.sum((3, 4))  # (B, M, classes)
        joint = found.amax(1).sum((2, 3))  # (B, classes)
        weight = joint / joint.sum(1, keepdim=True)
        share = sums / sums.sum(1, keepdim=True)
        fused = torch.einsum("bc,bmc,bmd->bd", weight, share, features)
        return fused, weight * (share * sums).sum(1)
