"""fast-reid's four losses under its own names and keys as loss terms, and terms by name on its own architectures.

An output may have parts, (B, n, ...) in the place of (B, ...): its loss is summed over them.
"""

import math
from collections.abc import Callable, Mapping, Sequence

from fastreid.modeling.losses import pairwise_circleloss, pairwise_cosface, triplet_loss
from fastreid.modeling.meta_arch import Baseline
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.keys import Key, add_keys
from fastreid_mm.losses import batch_hard_triplet, smoothed_cross_entropy
from fastreid_mm.modeling.terms.term import LOSS_REGISTRY, Labels, LossTerm, build_losses, loss_names, total

HOST_LOSSES = {"CrossEntropyLoss", "TripletLoss", "CircleLoss", "Cosface"}
OUTPUTS = Key(("features",), "Outputs of the head that the loss is summed over.", when="training")


def smoothing_of(cfg: CfgNode) -> dict:
    """Read the arguments of :func:`smoothed_cross_entropy` of all identity losses; keys without effect are not read."""
    options = cfg.MODEL.LOSSES.CE
    found = {"epsilon": options.EPSILON}
    if options.EPSILON < 0:
        found["alpha"] = options.ALPHA
    return found | ({"uniform": options.UNIFORM} if options.EPSILON else {})


def over_parts(loss: Callable[[Tensor], Tensor], output: Tensor) -> Tensor:
    """Sum a loss of (B, C) values over the n parts of (B, n, C) ones."""
    return loss(output) if output.ndim == 2 else total(map(loss, output.unbind(1)))


class IdentityTerm(LossTerm):
    """The base of cross-entropies of class scores, which are all smoothed as ``MODEL.LOSSES.CE`` says.

    Args:
        scale: the weight of the loss.
        options: those of :func:`smoothed_cross_entropy`.
    """

    formula = staticmethod(smoothed_cross_entropy)

    @classmethod
    def from_cfg(cls, cfg: CfgNode) -> "IdentityTerm":
        """Build it with the keys of its section and the smoothing of all identity losses."""
        own, smoothing = cfg.MODEL.LOSSES[cls.section()], ("EPSILON", "ALPHA", "UNIFORM")
        return cls(**{key.lower(): own[key] for key in own if key not in smoothing}, **smoothing_of(cfg))

    def classified(self, scores: Tensor, targets: Tensor) -> Tensor:
        """(B, N) or (B, n, N) class scores to the loss, summed over the n."""
        return over_parts(lambda one: smoothed_cross_entropy(one, targets, **self.options), scores)


@LOSS_REGISTRY.register()
class CrossEntropyLoss(IdentityTerm):
    """The cross-entropy of class scores. ``MODEL.LOSSES.CE``."""

    needs = ("cls_outputs",)
    SECTION, LOG_NAME = "CE", "loss_cls"

    def loss(self, outputs: Mapping[str, Tensor], labels: Labels) -> Tensor:
        """See :class:`LossTerm`."""
        return self.classified(outputs["cls_outputs"], labels.targets)


class FeatureTerm(LossTerm):
    """A loss on features, by default on those that are compared.

    Args:
        scale: the weight of the loss.
        outputs: names of the head's outputs that it is summed over, each (B, D) or (B, n, D).
        options: see :class:`LossTerm`.
    """

    def __init__(self, scale: float = 1.0, outputs: Sequence[str] = ("features",), **options) -> None:
        super().__init__(scale, **options)
        if isinstance(outputs, str) or not outputs:
            raise InputError(f"MODEL.LOSSES.{self.section()}.OUTPUTS {outputs!r} is not a list of outputs of a head")
        self.needs = tuple(outputs)

    def loss(self, outputs: Mapping[str, Tensor], labels: Labels) -> Tensor:
        """See :class:`LossTerm`."""
        return total(over_parts(lambda features: self.of(features, labels), outputs[name]) for name in self.needs)

    def of(self, features: Tensor, labels: Labels) -> Tensor:
        """(B, D) features and their labels to the loss."""
        raise NotImplementedError


@LOSS_REGISTRY.register()
class TripletLoss(FeatureTerm):
    """The triplet loss of the hardest or of weighted pairs. ``MODEL.LOSSES.TRI``.

    Args:
        margin: by how much a negative must be farther away; 0 takes the soft margin.
        norm_feat: whether features are brought to length one.
        hard_mining: whether the hardest positive and negative of each anchor count, or all, harder ones more.
        features: ``scale`` and ``outputs`` of :class:`FeatureTerm`.
    """

    compares_identities = True
    SECTION, LOG_NAME = "TRI", "loss_triplet"

    def __init__(self, margin: float = 0.3, norm_feat: bool = False, hard_mining: bool = False, **features) -> None:
        super().__init__(**features)
        self.margin, self.norm_feat, self.hard_mining = margin, norm_feat, hard_mining
        self.compares_samples = hard_mining and margin > 0 and not norm_feat

    def of(self, features: Tensor, labels: Labels) -> Tensor:
        """See :class:`FeatureTerm`."""
        if self.compares_samples:  # the same, of distances that do not cancel
            return batch_hard_triplet(features, labels.targets, self.margin)
        return triplet_loss(features.float(), labels.targets, self.margin, self.norm_feat, self.hard_mining)


class _Pairwise(FeatureTerm):
    """fast-reid's losses on the similarities of all pairs, with the options ``margin`` and ``gamma``."""

    compares_identities = True
    formula: Callable[..., Tensor]

    def of(self, features: Tensor, labels: Labels) -> Tensor:
        """See :class:`FeatureTerm`."""
        return self.formula(features.float(), labels.targets, **self.options)


@LOSS_REGISTRY.register()
class CircleLoss(_Pairwise):
    """The pairwise circle loss. ``MODEL.LOSSES.CIRCLE``."""

    SECTION = "CIRCLE"
    formula = staticmethod(pairwise_circleloss)


@LOSS_REGISTRY.register()
class Cosface(_Pairwise):
    """The pairwise loss with a margin on the cosine. ``MODEL.LOSSES.COSFACE``."""

    formula = staticmethod(pairwise_cosface)


def take_terms(model: nn.Module, cfg: CfgNode) -> nn.Module:
    """Let one of fast-reid's architectures compute the losses that ``MODEL.LOSSES.NAME`` names by our terms.

    With fast-reid's four alone, or another architecture, it stays as it is.

    Raises:
        InputError: see :func:`build_losses`.
    """
    if isinstance(model, Baseline) and not {*loss_names(cfg)} <= HOST_LOSSES:
        terms = model.terms = build_losses(cfg, model.heads, provides=("maps",))

        def losses(outputs: Mapping[str, Tensor], targets: Tensor) -> dict[str, Tensor]:
            return terms(outputs, Labels(targets))

        model.losses = losses
    return model


def add_host_keys(cfg: CfgNode) -> None:
    """Add to fast-reid's sections the keys that its losses do not have."""
    epsilon = Key(0.0, "Label smoothing; below 0 it is adaptive, by ALPHA.", least=-math.inf, most=1, when="training")
    uniform = Key(False, "Give the share of smoothing to all identities alike, as PyTorch does.", when="training")
    add_keys(cfg, "MODEL.LOSSES.CE", {"EPSILON": epsilon, "UNIFORM": uniform})
    for section in ("TRI", "CIRCLE", "COSFACE"):
        add_keys(cfg, f"MODEL.LOSSES.{section}", {"OUTPUTS": OUTPUTS})
