"""CMTR's modality-aware enhancement loss, its two parts as loss terms (eq. 4 and 5)."""

from collections.abc import Mapping

from torch import Tensor
from yacs.config import CfgNode

from fastreid_mm.layers import identity_classifier
from fastreid_mm.losses import modality_aware_center, smoothed_cross_entropy
from fastreid_mm.modeling.terms import LOSS_REGISTRY, Labels, LossTerm
from fastreid_mm.modeling.terms.host import smoothing_of


@LOSS_REGISTRY.register()
class ModalityAwareCenter(LossTerm):
    """The center loss on features without their modality (eq. 4).

    Args:
        scale: lambda.
        distance, reduction: see :func:`modality_aware_center`.
    """

    needs = ("modality_removed",)
    compares_samples = True

    def __init__(self, scale: float = 4.0, distance: str = "cosine", reduction: str = "mean") -> None:
        super().__init__(scale)
        self.distance, self.reduction = distance, reduction

    def loss(self, outputs: Mapping[str, Tensor], labels: Labels) -> Tensor:
        """See :class:`LossTerm`."""
        return modality_aware_center(outputs["modality_removed"], labels.targets, self.distance, self.reduction)


@LOSS_REGISTRY.register()
class ModalityAwareIdentity(LossTerm):
    """The identity loss on features without their modality, by a classifier of its own (eq. 5).

    Args:
        scale: lambda.
        reduction: "mean" or "sum" over the batch.
        smoothing: arguments of :func:`smoothed_cross_entropy`, those of ``MODEL.LOSSES.CE``.
    """

    needs = ("modality_removed",)

    def __init__(self, scale: float = 4.0, reduction: str = "mean", **smoothing) -> None:
        super().__init__(scale)
        self.reduction, self.smoothing = reduction, smoothing

    @classmethod
    def from_cfg(cls, cfg: CfgNode) -> "ModalityAwareIdentity":
        """Build it with the keys of its section and the smoothing of all identity losses."""
        own = cfg.MODEL.LOSSES[cls.section()]
        return cls(own.SCALE, own.REDUCTION, **smoothing_of(cfg))

    def make_parameters(self, widths: Mapping[str, int], num_classes: int) -> None:
        """See :class:`LossTerm`."""
        self.classifier = identity_classifier(widths["modality_removed"], num_classes)

    def loss(self, outputs: Mapping[str, Tensor], labels: Labels) -> Tensor:
        """See :class:`LossTerm`."""
        removed = outputs["modality_removed"]
        mean = smoothed_cross_entropy(self.classifier(removed), labels.targets, **self.smoothing)
        return mean if self.reduction == "mean" else mean * len(removed)
