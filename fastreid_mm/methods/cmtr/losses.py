"""CMTR's modality-aware enhancement loss, its two parts as loss terms (eq. 4 and 5)."""

from collections.abc import Mapping

from torch import Tensor

from fastreid_mm.layers import identity_classifier
from fastreid_mm.losses import modality_aware_center
from fastreid_mm.modeling.terms import LOSS_REGISTRY, IdentityTerm, Labels, LossTerm


@LOSS_REGISTRY.register()
class ModalityAwareCenter(LossTerm):
    """The center loss on features without their modality (eq. 4), see :func:`modality_aware_center`."""

    formula = staticmethod(modality_aware_center)
    needs = ("modality_removed",)
    compares_samples = True

    def loss(self, outputs: Mapping[str, Tensor], labels: Labels) -> Tensor:
        """See :class:`LossTerm`."""
        return modality_aware_center(outputs["modality_removed"], labels.targets, **self.options)


@LOSS_REGISTRY.register()
class ModalityAwareIdentity(IdentityTerm):
    """The identity loss on features without their modality, by a classifier of its own (eq. 5).

    Args:
        reduction: "mean" or "sum" over the batch.
        options: see :class:`IdentityTerm`.
    """

    needs = ("modality_removed",)

    def __init__(self, reduction: str = "mean", **options) -> None:
        super().__init__(**options)
        self.reduction = reduction

    def make_parameters(self, widths: Mapping[str, int], num_classes: int) -> None:
        """See :class:`LossTerm`."""
        self.classifier = identity_classifier(widths["modality_removed"], num_classes)

    def loss(self, outputs: Mapping[str, Tensor], labels: Labels) -> Tensor:
        """See :class:`LossTerm`."""
        removed = outputs["modality_removed"]
        mean = self.classified(self.classifier(removed), labels.targets)
        return mean if self.reduction == "mean" else mean * len(removed)
