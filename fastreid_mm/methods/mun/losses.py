"""MUN's losses as loss terms (sections 3.3 and 3.4; eq. 11, 12, 15 and 16)."""

from collections.abc import Iterator, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.common.modality import INFRARED, VISIBLE
from fastreid_mm.layers import ModalityPrototypes, identity_classifier
from fastreid_mm.losses import identity_alignment
from fastreid_mm.losses.geometry import same_identity
from fastreid_mm.losses.maximum_mean_discrepancy import identity_discrepancy
from fastreid_mm.modeling.terms import LOSS_REGISTRY, IdentityTerm, Labels, LossTerm, total

AUXILIARY = 2
"""The third modality of triples, after ``VISIBLE`` and ``INFRARED``."""


@LOSS_REGISTRY.register()
class AuxiliaryIdentity(IdentityTerm):
    """The identity loss of auxiliary features by a classifier of their own (table 1, "+Aux")."""

    needs = ("auxiliary_neck_features", "pair_targets")

    def make_parameters(self, widths: Mapping[str, int], num_classes: int) -> None:
        """See :class:`LossTerm`."""
        self.classifier = identity_classifier(widths["auxiliary_neck_features"], num_classes)

    def loss(self, outputs: Mapping[str, Tensor], labels: Labels) -> Tensor:
        """See :class:`LossTerm`."""
        return self.classified(self.classifier(outputs["auxiliary_neck_features"]), outputs["pair_targets"])


@LOSS_REGISTRY.register()
class IdentityConsistency(IdentityTerm):
    """The identity loss of auxiliary features by the classifiers of both modalities (eq. 11)."""

    needs = ("auxiliary_scores", "pair_targets")

    def loss(self, outputs: Mapping[str, Tensor], labels: Labels) -> Tensor:
        """See :class:`LossTerm`."""
        return self.classified(outputs["auxiliary_scores"], outputs["pair_targets"])


@LOSS_REGISTRY.register()
class IdentityAlignment(LossTerm):
    """Features of an identity are nearer across modalities than others (eq. 12).

    Args:
        normalize: whether features are brought to length one.
        options: ``scale``, the weight of the loss, and ``margin``, alpha.
    """

    formula = staticmethod(identity_alignment)
    needs = ("triple_features", "pair_targets")
    compares_identities = True

    def __init__(self, normalize: bool = True, **options) -> None:
        super().__init__(**options)
        self.normalize = normalize

    def loss(self, outputs: Mapping[str, Tensor], labels: Labels) -> Tensor:
        """See :class:`LossTerm`."""
        triples, targets = (outputs[name] for name in self.needs)
        features = F.normalize(triples, dim=-1) if self.normalize else triples
        visible, infrared, auxiliary = features.unbind(1)
        return identity_alignment(visible, infrared, auxiliary, targets, **self.options)


@LOSS_REGISTRY.register()
class ModalityAlignment(LossTerm):
    """Brings the modalities of each identity together, by their maximum mean discrepancy (eq. 15 and 16).

    Args:
        prototype: compare prototypes rather than the features themselves (table 3).
        bridge: compare visible and infrared each with auxiliary features, or directly with each other (table 3).
        places: pairs in the batch of all processes, each with a row in the memory of prototypes.
        rows_per_identity: how many rows each identity has in a memory of prototypes that belong to identities; 0 for
            the paper's memory, whose rows belong to places in the batch.
        prototype_lr_factor: factor on the learning rate of the prototypes' maps.
        options: ``scale``, the weight of the loss.
    """

    def __init__(
        self,
        prototype: bool = True,
        bridge: bool = True,
        places: int = 32,
        rows_per_identity: int = 0,
        prototype_lr_factor: float = 0.01,
        **options,
    ) -> None:
        super().__init__(**options)
        self.needs = ("triple_features" if bridge else "pair_features", "pair_targets")
        self.pairs = [(VISIBLE, AUXILIARY), (AUXILIARY, INFRARED)] if bridge else [(VISIBLE, INFRARED)]
        self.prototypes: ModalityPrototypes | None = None
        self._prototype, self._places = prototype, places
        self.rows_per_identity, self.prototype_lr_factor = rows_per_identity, prototype_lr_factor

    @classmethod
    def from_cfg(cls, cfg: CfgNode) -> "ModalityAlignment":
        """Build it with the keys of its section, and as many rows as a batch has pairs or an identity images."""
        own, places = cfg.MODEL.LOSSES.MODALITY_ALIGNMENT, cfg.SOLVER.IMS_PER_BATCH // 2
        rows = cfg.DATALOADER.NUM_INSTANCE if own.PROTOTYPE_MEMORY == "identity" else 0
        return cls(own.PROTOTYPE, own.BRIDGE, places, rows, own.PROTOTYPE_LR_FACTOR, scale=own.SCALE)

    def make_parameters(self, widths: Mapping[str, int], num_classes: int) -> None:
        """See :class:`LossTerm`."""
        if self._prototype:
            rows = num_classes * self.rows_per_identity or self._places
            self.prototypes = ModalityPrototypes(widths[self.needs[0]], rows, num_modalities=len(self.pairs) + 1)
            self.prototypes.maps.requires_grad_(self.prototype_lr_factor > 0)

    def set_training_length(self, iterations: int) -> None:
        """Set how many iterations training has, from which the prototypes' beta follows (section 3.4)."""
        if self.prototypes is not None:
            self.prototypes.total_iterations = iterations

    def lr_factors(self) -> Iterator[tuple[nn.Parameter, float]]:
        """Give the weights of the prototypes' maps, with their factor on the learning rate."""
        if self.prototypes is not None:
            yield from ((value, self.prototype_lr_factor) for value in self.prototypes.maps.parameters())

    def loss(self, outputs: Mapping[str, Tensor], labels: Labels) -> Tensor:
        """See :class:`LossTerm`."""
        features, targets = outputs[self.needs[0]].transpose(0, 1), outputs["pair_targets"]  # (M, B, D), (B,)
        if self.prototypes is not None:
            features = self.prototypes(features, self._slots(targets))
        return total(identity_discrepancy(features[a], features[b], targets) for a, b in self.pairs)

    def _slots(self, targets: Tensor) -> Tensor:
        """Choose the row of the memory for each pair, (B,)."""
        if not self.rows_per_identity:
            return torch.arange(len(targets), device=targets.device)
        earlier = same_identity(targets).tril(-1).sum(dim=1)  # (B,) how many of the identity came before
        return targets * self.rows_per_identity + earlier
