"""The RegDB protocol: both directions, no camera rule, image-level CMC (AGW, https://arxiv.org/abs/2001.04193)."""

from fastreid_mm.evaluation.protocol import Protocol, Ranking
from fastreid_mm.evaluation.side import Side


class RegDB(Protocol):
    """Visible to thermal, and thermal to visible, with the same features; nothing is hidden from a query."""

    rule = "none"
    goes_by = ()

    def rankings(self, query: Side, gallery: Side) -> dict[str, list[Ranking]]:
        """Return the two directions, of visible and thermal images."""
        return {
            "visible_to_thermal": [Ranking(query, gallery)],
            "thermal_to_visible": [Ranking(gallery, query)],
        }
