"""The protocols of the benchmarks by their names, and those that are a few lines."""

from fastreid_mm.evaluation.llcm import LLCM
from fastreid_mm.evaluation.protocol import Protocol
from fastreid_mm.evaluation.side import Ranking, Side
from fastreid_mm.evaluation.sysu_mm01 import SYSU


class RegDB(Protocol):
    """RegDB's: both directions with the same features, nothing hidden (AGW, https://arxiv.org/abs/2001.04193)."""

    rule = "none"
    goes_by = ()

    def rankings(self, query: Side, gallery: Side) -> dict[str, list[Ranking]]:
        """Return the two directions, of visible and thermal images."""
        return {"visible_to_thermal": [Ranking(query, gallery)], "thermal_to_visible": [Ranking(gallery, query)]}


class Market(Protocol):
    """Market-1501's, and that of every data set without one of its own: one ranking of the whole gallery.

    Images of the query's identity from the query's camera do not count.
    """

    rule = "market"
    ranks = (1, 5, 10, 20)

    def rankings(self, query: Side, gallery: Side) -> dict[str, list[Ranking]]:
        """Return the one setting, "test"."""
        return {"test": [Ranking(query, gallery)]}


class MSVR310(Market):
    """MSVR310's: Market-1501's, with scenes in the place of cameras.

    A scene is a place at a time, so a vehicle has to be found at another; from which camera does not matter. So do the
    codes that test on it, https://github.com/superlollipop123/Cross-directional-Center-Network-and-MSVR310.
    """

    goes_by = ("scenes",)


BENCHMARKS: dict[str, type[Protocol]] = {
    "sysu": SYSU,
    "regdb": RegDB,
    "llcm": LLCM,
    "market": Market,
    "msvr310": MSVR310,
}
"""Name to protocol, of those that this package has."""
