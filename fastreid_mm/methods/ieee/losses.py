"""IEEE's multi-modal margin loss "3M" as a loss term (eq. 6)."""

from collections.abc import Mapping

from torch import Tensor

from fastreid_mm.losses import multi_modal_margin
from fastreid_mm.modeling.terms import LOSS_REGISTRY, Labels, LossTerm


@LOSS_REGISTRY.register()
class MultiModalMargin(LossTerm):
    """Keeps the modalities of a sample apart, see :func:`multi_modal_margin`."""

    formula = staticmethod(multi_modal_margin)
    needs = ("modality_features",)

    def loss(self, outputs: Mapping[str, Tensor], labels: Labels) -> Tensor:
        """See :class:`LossTerm`."""
        return multi_modal_margin(outputs["modality_features"], labels.targets, **self.options)
