"""HAMNet's fusion of streams by their class activation maps.

Li et al., "Multi-spectral Vehicle Re-identification: A Challenge", AAAI 2020 (no arXiv version), section 3.2
"""

import torch
from torch import Tensor, nn

from fastreid_mm.layers.shapes import present_modalities, require_shapes


class ClassActivationFusion(nn.Module):
    """Fusion that weights the feature of each stream by its share in the class activation maps.

        f = sum_m sum_c w_c a_(m,c) v_m,    w_c = s_c / sum_c s_c,    a_(m,c) = s_(m,c) / sum_m s_(m,c)

    The class activation maps of stream m are a 1 x 1 convolution of its maps and a sigmoid. Of class c, s_(m,c) is the
    sum of these over all places, and s_c the sum of their maximum over the streams. The weights of the features v_m sum
    to one.

    Args:
        channels: C of the maps.
        num_classes: number of training identities.
        num_modalities: number of streams M.

    Examples:
        >>> fusion = ClassActivationFusion(channels=8, num_classes=5)
        >>> fused, scores = fusion(torch.rand(4, 2, 8, 16, 8), torch.rand(4, 2, 32))
        >>> fused.shape, scores.shape
        (torch.Size([4, 32]), torch.Size([4, 5]))
    """

    def __init__(self, channels: int, num_classes: int, num_modalities: int = 2) -> None:
        super().__init__()
        self._axes = f"B {num_modalities} {channels} H W"
        self.activations = nn.ModuleList(nn.Conv2d(channels, num_classes, 1, bias=False) for _ in range(num_modalities))

    def forward(self, maps: Tensor, features: Tensor, present: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Fuse the features of the streams.

        Args:
            maps: (B, M, C, H, W), one for each modality.
            features: (B, M, D), one for each modality.
            present: (B, M) bool, the modalities that a sample has; a missing one has no share. None for all.

        Returns:
            The fused features (B, D), and the class scores ``w_c sum_m a_(m,c) s_(m,c)``, (B, num_classes).

        Raises:
            ValueError: the shapes do not go together, or a sample has no modality.
        """
        require_shapes(maps=(maps, self._axes), features=(features, f"B {len(self.activations)} D"))
        activation = torch.stack([conv(x) for conv, x in zip(self.activations, maps.unbind(1))], dim=1).sigmoid()
        if present is not None:
            activation = activation * present_modalities(present, maps)[..., None, None, None]
        sums = activation.sum((3, 4))  # (B, M, classes)
        joint = activation.amax(1).sum((2, 3))  # (B, classes)
        weight = joint / joint.sum(1, keepdim=True)
        share = sums / sums.sum(1, keepdim=True)
        fused = torch.einsum("bc,bmc,bmd->bd", weight, share, features)
        return fused, weight * (share * sums).sum(1)
