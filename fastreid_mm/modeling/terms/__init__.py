"""Loss terms that several methods share, and how they are selected by name."""

import fastreid_mm.modeling.terms.centers  # noqa: F401  registers its terms
from fastreid_mm.modeling.terms.host import FeatureTerm, IdentityTerm
from fastreid_mm.modeling.terms.term import LOSS_REGISTRY, SCALE, Labels, LossTerm, needed_outputs, total

__all__ = ["LOSS_REGISTRY", "SCALE", "FeatureTerm", "IdentityTerm", "Labels", "LossTerm", "needed_outputs", "total"]
