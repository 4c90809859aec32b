"""The Market-1501 protocol, which is that of every data set without one of its own."""

from torch import Tensor

from fastreid_mm.evaluation.market import RANKS, RULE, evaluate_market
from fastreid_mm.evaluation.results import Settings
from fastreid_mm.evaluation.side import Distance
from fastreid_mm.protocols.evaluator import RetrievalEvaluator
from fastreid_mm.protocols.registry import register


@register("market")
class MarketEvaluator(RetrievalEvaluator):
    """One ranking of the whole gallery; images of the query's identity from the query's camera do not count."""

    ranks = RANKS
    rule = RULE

    def rank(self, features: Tensor, distance: Distance) -> Settings:
        """(Nq + Ng, D) features, query first, to the one setting "test"."""
        return evaluate_market(*self.sides(features), distance, self.ranks, self.measure_of)
