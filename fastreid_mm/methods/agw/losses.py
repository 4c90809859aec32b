"""AGW's weighted regularized triplet loss as a loss term."""

from torch import Tensor
from yacs.config import CfgNode

from fastreid_mm.common.keys import add_keys
from fastreid_mm.losses import weighted_regularized_triplet
from fastreid_mm.modeling.terms import LOSS_REGISTRY, SCALE, FeatureTerm, Labels
from fastreid_mm.modeling.terms.host import OUTPUTS


@LOSS_REGISTRY.register()
class WeightedRegularizedTriplet(FeatureTerm):
    """All pairs count, harder ones more, see :func:`weighted_regularized_triplet`."""

    compares_identities = compares_samples = True

    def of(self, features: Tensor, labels: Labels) -> Tensor:
        """See :class:`FeatureTerm`."""
        return weighted_regularized_triplet(features, labels.targets)


def add_config(cfg: CfgNode) -> None:
    """Add ``MODEL.LOSSES.WEIGHTED_REGULARIZED_TRIPLET``."""
    add_keys(cfg, "MODEL.LOSSES.WEIGHTED_REGULARIZED_TRIPLET", {"SCALE": SCALE, "OUTPUTS": OUTPUTS})
