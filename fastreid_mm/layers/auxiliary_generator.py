"""The auxiliary generator of the Modality Unifying Network (MUN: Yu et al., ICCV 2023, section 3.2)."""

from collections.abc import Sequence

from torch import Tensor, nn

from fastreid_mm.layers.cross_modality_learner import CrossModalityLearner
from fastreid_mm.layers.intra_modality_learner import IntraModalityLearner


class AuxiliaryGenerator(nn.Module):
    """Makes the maps of an auxiliary modality out of visible and infrared maps; only needed while training.

    An :class:`IntraModalityLearner` per modality, then one :class:`CrossModalityLearner`.

    Args:
        channels: C.
        ratios: sides of the pooling windows; each must divide the maps' height and width.
        tr_groups: groups of the transposed convolutions.

    Example:
        >>> generator = AuxiliaryGenerator(64, ratios=(2, 4))
        >>> generator(torch.randn(8, 64, 24, 12), torch.randn(8, 64, 24, 12)).shape
        torch.Size([8, 64, 24, 12])
    """

    def __init__(self, channels: int, ratios: Sequence[int] = (2, 4, 6, 12), tr_groups: int = 1):
        super().__init__()
        self.intra_visible = IntraModalityLearner(channels)
        self.intra_infrared = IntraModalityLearner(channels)
        self.cross = CrossModalityLearner(channels, ratios, tr_groups)

    def forward(self, visible: Tensor, infrared: Tensor) -> Tensor:
        """(B, C, H, W) maps of both modalities, sample by sample of the same identity, to (B, C, H, W).

        Raises:
            ValueError: a ratio does not divide the maps.
        """
        return self.cross(self.intra_visible(visible), self.intra_infrared(infrared))
