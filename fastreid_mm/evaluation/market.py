"""The Market-1501 protocol, which with scenes in the place of cameras is MSVR310's."""

from collections.abc import Sequence

from fastreid_mm.evaluation.results import Settings
from fastreid_mm.evaluation.side import Distance, MeasureOf, Side, plain_measure

RULE = "market"
RANKS = (1, 5, 10, 20)


def evaluate_market(
    query: Side,
    gallery: Side,
    distance: Distance,
    ranks: Sequence[int] = RANKS,
    measure_of: MeasureOf = plain_measure,
) -> Settings:
    """Rank the whole gallery once; images of the query's identity from the query's camera do not count.

    Args:
        query: Nq images.
        gallery: Ng images.
        distance: how features are compared.
        ranks: the k of each Rank-k.
        measure_of: what ranks the distances.

    Returns:
        The one setting "test" to its metrics in percent.

    Raises:
        InputError: what the measure raises.
    """
    matrix = distance(query.features, gallery.features)
    return {"test": measure_of(matrix)(matrix, *query.labels_with(gallery), RULE, False, ranks)}
