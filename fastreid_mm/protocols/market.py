"""The Market-1501 protocol, which is that of every data set without one of its own."""

from torch import Tensor

from fastreid_mm.evaluation.results import Settings
from fastreid_mm.protocols.evaluator import Distance, RetrievalEvaluator
from fastreid_mm.protocols.registry import register


@register("market")
class MarketEvaluator(RetrievalEvaluator):
    """One ranking of the whole gallery; images of the query's identity from the query's camera do not count."""

    ranks = (1, 5, 10, 20)
    rule = "market"

    def rank(self, features: Tensor, distance: Distance) -> Settings:
        """(Nq + Ng, D) features, query first, to the one setting "test"."""
        query, gallery = self.split(features)
        return {"test": self.measure(distance(query, gallery), self.query, self.gallery)}
