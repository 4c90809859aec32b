"""The RegDB protocol: both directions, no camera rule, image-level CMC (AGW)."""

from torch import Tensor

from fastreid_mm.evaluation.results import Settings
from fastreid_mm.protocols.evaluator import Distance, RetrievalEvaluator
from fastreid_mm.protocols.registry import register


@register("regdb")
class RegDBEvaluator(RetrievalEvaluator):
    """Visible to thermal, and thermal to visible, with the same features."""

    rule = "none"

    def rank(self, features: Tensor, distance: Distance) -> Settings:
        """(Nv + Nt, D) features, visible first, to the two directions."""
        visible, thermal = self.split(features)
        # a model's own distance need not be symmetric, so the second direction is computed anew
        return {
            "visible_to_thermal": self.measure(distance(visible, thermal), self.query, self.gallery),
            "thermal_to_visible": self.measure(distance(thermal, visible), self.gallery, self.query),
        }
