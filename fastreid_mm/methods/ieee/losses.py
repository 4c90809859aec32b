"""IEEE's multi-modal margin loss "3M" as a loss term (eq. 6)."""

from collections.abc import Mapping

from torch import Tensor

from fastreid_mm.losses import multi_modal_margin
from fastreid_mm.modeling.terms import LOSS_REGISTRY, Labels, LossTerm


@LOSS_REGISTRY.register()
class MultiModalMargin(LossTerm):
    """Keeps the modalities of a sample apart.

    Args:
        scale: the weight of the loss.
        margin, distance, reduction, normalize: see :func:`multi_modal_margin`.
    """

    needs = ("modality_features",)

    def __init__(
        self,
        scale: float = 1.0,
        margin: float = 1.0,
        distance: str = "l2sq",
        reduction: str = "sum",
        normalize: bool = True,
    ) -> None:
        super().__init__(scale)
        self.margin, self.distance, self.reduction, self.normalize = margin, distance, reduction, normalize

    def loss(self, outputs: Mapping[str, Tensor], labels: Labels) -> Tensor:
        """See :class:`LossTerm`."""
        features = outputs["modality_features"]
        return multi_modal_margin(features, labels.targets, self.margin, self.distance, self.reduction, self.normalize)
