"""The Market-1501 protocol, which is that of every data set without one of its own."""

from fastreid_mm.evaluation.protocol import Protocol, Ranking
from fastreid_mm.evaluation.side import Side


class Market(Protocol):
    """One ranking of the whole gallery; images of the query's identity from the query's camera do not count."""

    rule = "market"
    ranks = (1, 5, 10, 20)

    def rankings(self, query: Side, gallery: Side) -> dict[str, list[Ranking]]:
        """Return the one setting, "test"."""
        return {"test": [Ranking(query, gallery)]}
