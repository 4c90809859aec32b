"""The RegDB protocol: both directions, no camera rule, image-level CMC (AGW, https://arxiv.org/abs/2001.04193)."""

from collections.abc import Sequence

from fastreid_mm.evaluation.results import Metrics, Settings
from fastreid_mm.evaluation.side import Distance, MeasureOf, Side, plain_measure

RULE = "none"
RANKS = (1, 10, 20)


def evaluate_regdb(
    visible: Side,
    thermal: Side,
    distance: Distance,
    ranks: Sequence[int] = RANKS,
    measure_of: MeasureOf = plain_measure,
) -> Settings:
    """Rank visible to thermal, and thermal to visible, with the same features.

    Args:
        visible: Nv images.
        thermal: Nt images.
        distance: how features are compared; it need not be symmetric, so each direction is computed.
        ranks: the k of each Rank-k.
        measure_of: what ranks the distances.

    Returns:
        "visible_to_thermal" and "thermal_to_visible" to their metrics in percent.

    Raises:
        InputError: what the measure raises.
    """

    def rank(query: Side, gallery: Side) -> Metrics:
        matrix = distance(query.features, gallery.features)
        return measure_of(matrix)(matrix, *query.labels_with(gallery), RULE, False, ranks)

    return {"visible_to_thermal": rank(visible, thermal), "thermal_to_visible": rank(thermal, visible)}
