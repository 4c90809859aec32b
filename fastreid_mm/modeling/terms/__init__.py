"""Loss terms that several methods share, and how they are selected by name."""

from fastreid_mm.modeling.terms.centers import CenterLoss, HeteroCenter
from fastreid_mm.modeling.terms.host import (
    CircleLoss,
    Cosface,
    CrossEntropyLoss,
    FeatureTerm,
    IdentityTerm,
    TripletLoss,
)
from fastreid_mm.modeling.terms.term import (
    LOSS_REGISTRY,
    SCALE,
    Labels,
    LossTerm,
    LossTerms,
    build_losses,
    needed_outputs,
    total,
)

__all__ = [
    "LOSS_REGISTRY",
    "SCALE",
    "CenterLoss",
    "CircleLoss",
    "Cosface",
    "CrossEntropyLoss",
    "FeatureTerm",
    "HeteroCenter",
    "IdentityTerm",
    "Labels",
    "LossTerm",
    "LossTerms",
    "TripletLoss",
    "build_losses",
    "needed_outputs",
    "total",
]
