"""fast-reid's four losses under its own names and keys, as loss terms.

An output may have parts, (B, n, ...) in the place of (B, ...): its loss is summed over them.
"""

import math
from collections.abc import Callable, Mapping, Sequence

from fastreid.modeling.losses import pairwise_circleloss, pairwise_cosface, triplet_loss
from torch import Tensor
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.keys import Key, add_keys
from fastreid_mm.losses import batch_hard_triplet, smoothed_cross_entropy
from fastreid_mm.modeling.terms.term import LOSS_REGISTRY, Labels, LossTerm, total

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


@LOSS_REGISTRY.register()
class CrossEntropyLoss(LossTerm):
    """The cross-entropy of class scores. ``MODEL.LOSSES.CE``.

    Args:
        scale: the weight of the loss.
        epsilon, alpha, uniform: see :func:`smoothed_cross_entropy`.
    """

    needs = ("cls_outputs",)

    def __init__(self, scale: float = 1.0, epsilon: float = 0.0, alpha: float = 0.2, uniform: bool = False) -> None:
        super().__init__(scale)
        self.epsilon, self.alpha, self.uniform = epsilon, alpha, uniform

    @classmethod
    def from_cfg(cls, cfg: CfgNode) -> "CrossEntropyLoss":
        """Build it with the keys of its section, and the smoothing that they ask for."""
        return cls(cfg.MODEL.LOSSES.CE.SCALE, **smoothing_of(cfg))

    @classmethod
    def section(cls) -> str:
        """fast-reid's."""
        return "CE"

    @classmethod
    def log_name(cls) -> str:
        """fast-reid's."""
        return "loss_cls"

    def loss(self, outputs: Mapping[str, Tensor], labels: Labels) -> Tensor:
        """See :class:`LossTerm`."""
        return over_parts(
            lambda scores: smoothed_cross_entropy(scores, labels.targets, self.epsilon, self.alpha, self.uniform),
            outputs["cls_outputs"],
        )


class FeatureTerm(LossTerm):
    """A loss on features, by default on those that are compared.

    Args:
        scale: the weight of the loss.
        outputs: names of the head's outputs that it is summed over, each (B, D) or (B, n, D).
    """

    def __init__(self, scale: float = 1.0, outputs: Sequence[str] = ("features",)) -> None:
        super().__init__(scale)
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
        scale, outputs: see :class:`FeatureTerm`.
        margin: by how much a negative must be farther away; 0 takes the soft margin.
        norm_feat: whether features are brought to length one.
        hard_mining: whether the hardest positive and negative of each anchor count, or all, harder ones more.
    """

    compares_identities = True

    def __init__(
        self,
        scale: float = 1.0,
        outputs: Sequence[str] = ("features",),
        margin: float = 0.3,
        norm_feat: bool = False,
        hard_mining: bool = False,
    ) -> None:
        super().__init__(scale, outputs)
        self.margin, self.norm_feat, self.hard_mining = margin, norm_feat, hard_mining
        self.compares_samples = hard_mining and margin > 0 and not norm_feat

    @classmethod
    def section(cls) -> str:
        """fast-reid's."""
        return "TRI"

    @classmethod
    def log_name(cls) -> str:
        """fast-reid's."""
        return "loss_triplet"

    def of(self, features: Tensor, labels: Labels) -> Tensor:
        """See :class:`FeatureTerm`."""
        if self.compares_samples:
            return batch_hard_triplet(
                features, labels.targets, self.margin
            )  # the same, of distances that do not cancel
        return triplet_loss(features.float(), labels.targets, self.margin, self.norm_feat, self.hard_mining)


class _Pairwise(FeatureTerm):
    """fast-reid's losses on the similarities of all pairs.

    Args:
        scale, outputs: see :class:`FeatureTerm`.
        margin, gamma: of the loss.
    """

    compares_identities = True
    _loss: Callable

    def __init__(
        self, scale: float = 1.0, outputs: Sequence[str] = ("features",), margin: float = 0.25, gamma: float = 128.0
    ) -> None:
        super().__init__(scale, outputs)
        self.margin, self.gamma = margin, gamma

    def of(self, features: Tensor, labels: Labels) -> Tensor:
        """See :class:`FeatureTerm`."""
        return type(self)._loss(features.float(), labels.targets, self.margin, self.gamma)


@LOSS_REGISTRY.register()
class CircleLoss(_Pairwise):
    """The pairwise circle loss. ``MODEL.LOSSES.CIRCLE``."""

    _loss = staticmethod(pairwise_circleloss)

    @classmethod
    def section(cls) -> str:
        """fast-reid's."""
        return "CIRCLE"


@LOSS_REGISTRY.register()
class Cosface(_Pairwise):
    """The pairwise loss with a margin on the cosine. ``MODEL.LOSSES.COSFACE``."""

    _loss = staticmethod(pairwise_cosface)


def add_host_keys(cfg: CfgNode) -> None:
    """Add to fast-reid's sections the keys that its losses do not have."""
    epsilon = Key(0.0, "Label smoothing; below 0 it is adaptive, by ALPHA.", least=-math.inf, most=1, when="training")
    uniform = Key(False, "Give the share of smoothing to all identities alike, as PyTorch does.", when="training")
    add_keys(cfg, "MODEL.LOSSES.CE", {"EPSILON": epsilon, "UNIFORM": uniform})
    for section in ("TRI", "CIRCLE", "COSFACE"):
        add_keys(cfg, f"MODEL.LOSSES.{section}", {"OUTPUTS": OUTPUTS})
