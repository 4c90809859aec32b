"""MUN's auxiliary generator.

Yu et al., "Modality Unifying Network for Visible-Infrared Person Re-Identification", ICCV 2023, section 3.1,
https://arxiv.org/abs/2309.06262
"""

from collections.abc import Sequence

from torch import Tensor, nn

from fastreid_mm.layers.cross_modality_learner import CrossModalityLearner
from fastreid_mm.layers.intra_modality_learner import IntraModalityLearner


class AuxiliaryGenerator(nn.Module):
    """Generator of an auxiliary modality's maps from visible and infrared maps, needed only in training.

        F^a = CML(IML_v(F^v), IML_r(F^r))

    with an :class:`IntraModalityLearner` for each modality and one :class:`CrossModalityLearner`.

    Args:
        channels: C.
        ratios: sides of the pooling windows; each must divide the height and the width of the maps.
        tr_groups: groups of the transposed convolutions.

    Examples:
        >>> import torch
        >>> generator = AuxiliaryGenerator(64, ratios=(2, 4))
        >>> generator(torch.randn(8, 64, 24, 12), torch.randn(8, 64, 24, 12)).shape
        torch.Size([8, 64, 24, 12])
    """

    def __init__(self, channels: int, ratios: Sequence[int] = (2, 4, 6, 12), tr_groups: int = 1) -> None:
        super().__init__()
        self.intra_visible = IntraModalityLearner(channels)
        self.intra_infrared = IntraModalityLearner(channels)
        self.cross = CrossModalityLearner(channels, ratios, tr_groups)

    def forward(self, visible: Tensor, infrared: Tensor) -> Tensor:
        """Make auxiliary maps (B, C, H, W) of the maps of both modalities, (B, C, H, W) each.

        The b-th visible and the b-th infrared map show the same identity.

        Raises:
            ValueError: a ratio does not divide the height or the width of the maps.
        """
        return self.cross(self.intra_visible(visible), self.intra_infrared(infrared))
