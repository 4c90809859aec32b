"""The RegDB protocol as an evaluator: both directions, no camera rule, image-level CMC (AGW)."""

from torch import Tensor

from fastreid_mm.evaluation.evaluators import Distance, Results, RetrievalEvaluator


class RegDBEvaluator(RetrievalEvaluator):
    """Visible to thermal, and thermal to visible, with the same features."""

    ranks = (1, 10, 20)
    rule = "none"

    def rank(self, features: Tensor, distance: Distance) -> Results:
        """(Nv + Nt, D) features, visible first, to the two directions."""
        visible, thermal = self.split(features)
        # a model's own distance need not be symmetric, so the second direction is computed anew
        return {
            "visible_to_thermal": self.measure(distance(visible, thermal), self.query, self.gallery),
            "thermal_to_visible": self.measure(distance(thermal, visible), self.gallery, self.query),
        }

    def hidden(self, query: tuple, gallery: tuple) -> bool:
        return False
