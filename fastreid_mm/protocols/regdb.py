"""The RegDB protocol: both directions, no camera rule, image-level CMC (AGW)."""

from torch import Tensor

from fastreid_mm.evaluation.regdb import RANKS, RULE, evaluate_regdb
from fastreid_mm.evaluation.results import Settings
from fastreid_mm.evaluation.side import Distance
from fastreid_mm.protocols.evaluator import RetrievalEvaluator
from fastreid_mm.protocols.registry import register


@register("regdb")
class RegDBEvaluator(RetrievalEvaluator):
    """Visible to thermal, and thermal to visible, with the same features."""

    ranks = RANKS
    rule = RULE

    def rank(self, features: Tensor, distance: Distance) -> Settings:
        """(Nv + Nt, D) features, visible first, to the two directions."""
        return evaluate_regdb(*self.sides(features), distance, self.ranks, self.measure_of)
