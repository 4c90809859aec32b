"""CMT's two losses beside those on parts, as loss terms."""

from collections.abc import Mapping
from typing import cast

from torch import Tensor

from fastreid_mm.losses import modulation_discriminative
from fastreid_mm.losses.modality_consistency import both_modalities_consistency
from fastreid_mm.modeling.terms import LOSS_REGISTRY, Labels, LossTerm


@LOSS_REGISTRY.register()
class ModalityConsistency(LossTerm):
    """Features that are made up for a modality are like the centers of that modality's features (eq. 7 and 8).

    Args:
        scale: the weight of the loss.
        detach_centroid: whether it moves the features that are made up only, and not the centers.
    """

    needs = ("raw_parts", "compensated_parts")
    needs_modalities = compares_modalities = True

    def __init__(self, scale: float = 1.0, detach_centroid: bool = True) -> None:
        super().__init__(scale)
        self.detach_centroid = detach_centroid

    def loss(self, outputs: Mapping[str, Tensor], labels: Labels) -> Tensor:
        """See :class:`LossTerm`."""
        parts, compensated = outputs["raw_parts"], outputs["compensated_parts"]
        reference = parts.detach() if self.detach_centroid else parts
        return both_modalities_consistency(compensated, reference, labels.targets, cast(Tensor, labels.modalities))


@LOSS_REGISTRY.register()
class ModulationDiscriminative(LossTerm):
    """A query's identity is nearer than others in a gallery that it modulates (eq. 14).

    Args:
        detach_features: whether it trains what scale and shift are made by, and not the features.
        cross_triplets: whether images of different modalities only are compared.
        options: ``scale``, lambda, and those of :func:`modulation_discriminative`.
    """

    formula = staticmethod(modulation_discriminative)
    needs = ("part_features", "scale", "shift")
    compares_identities = True

    def __init__(self, detach_features: bool = False, cross_triplets: bool = True, **options) -> None:
        super().__init__(**options)
        self.detach_features, self.cross_triplets = detach_features, cross_triplets
        self.needs_modalities = self.compares_modalities = cross_triplets

    def loss(self, outputs: Mapping[str, Tensor], labels: Labels) -> Tensor:
        """See :class:`LossTerm`."""
        parts = outputs["part_features"]
        return modulation_discriminative(
            parts.detach() if self.detach_features else parts,
            outputs["scale"],
            outputs["shift"],
            labels.targets,
            modalities=labels.modalities if self.cross_triplets else None,
            **self.options,
        )
