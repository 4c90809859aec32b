"""Verification: the share of true pairs that are accepted if only few false pairs may be."""

from collections.abc import Sequence
from threading import Lock
from typing import Any

import numpy as np

from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation.hidden_images import tell_junk
from fastreid_mm.evaluation.measure import as_distances, measure_blocks
from fastreid_mm.evaluation.query_blocks import query_blocks
from fastreid_mm.evaluation.side import Ranking, ranking_of

RATES = (1e-4, 1e-3, 1e-2)
"""False positive rates, as in fast-reid."""


class RocCounts:
    """True positive rates at false positive rates, of the distances of some queries at a time.

    Of the false pairs only the nearest are kept, as many as the highest rate accepts.

    Args:
        ranking: the labels of query and gallery.
        rule, rates: see :func:`roc_metrics`.

    Raises:
        InputError: the rule is unknown, or there is no true or no false pair.
    """

    def __init__(self, ranking: Ranking, rule: str, rates: Sequence[float] = RATES) -> None:
        self._columns, (self._query, self._gallery) = ranking.ranked, ranking.labels()
        self._rule, self._rates, self.width = rule, rates, len(self._columns)
        tell_junk(queries=self._query.ids, gallery_images=self._gallery.ids)
        counts = np.zeros(2, dtype=np.int64)  # pairs that are true, and false
        for rows in query_blocks(len(self._query.ids), self.width):
            counts += [int(pairs.sum()) for pairs in self._pairs(rows)]
        true, false = counts.tolist()
        if not true or not false:
            raise InputError(f"no ROC of {true} true and {false} false pairs")
        self._accepted = [int(rate * false + 1e-9) for rate in rates]  # the product may be rounded down
        self._true: list[np.ndarray] = []
        self._false, self._lock = np.empty(0), Lock()

    def _pairs(self, rows: slice) -> tuple[np.ndarray, np.ndarray]:
        """Find the true and the false pairs (n, Ng) among those that count."""
        query = self._query.of(np.arange(rows.start, rows.stop))
        seen, same = ~query.hides(self._gallery, self._rule), query.ids[:, None] == self._gallery.ids
        return seen & same, seen & ~same

    def add(self, rows: slice, distance: np.ndarray) -> None:
        """Count the pairs of some queries by their distances (n, Ng).

        Raises:
            InputError: a distance is NaN.
        """
        values = distance[:, self._columns]
        if np.isnan(values).any():
            query, image = np.argwhere(np.isnan(values))[0]
            raise InputError(f"distance is NaN at query {rows.start + query}, gallery image {self._columns[image]}")
        true, false = (values[pairs] for pairs in self._pairs(rows))
        with self._lock:
            self._true.append(true)
            kept, most = np.concatenate([self._false, false]), max(self._accepted) + 1
            self._false = np.partition(kept, most - 1)[:most] if len(kept) > most else kept

    def metrics(self) -> dict[str, float]:
        """Return the rates of :func:`roc_metrics`."""
        true, false = np.concatenate(self._true), np.sort(self._false)
        return {
            f"TPR@FPR={rate:.0e}": 100 * int((true < false[count]).sum()) / len(true)
            for rate, count in zip(self._rates, self._accepted)
        }


def roc_metrics(
    distance: Any,
    query_ids: Any,
    gallery_ids: Any,
    query_cams: Any,
    gallery_cams: Any,
    rule: str = "sysu",
    rates: Sequence[float] = RATES,
) -> dict[str, float]:
    """Compute true positive rates at false positive rates, over all pairs of a query and a gallery image it may see.

    A pair of one identity is true; images of identity -1 have no pairs, and a warning says how many there are. At a
    rate, the one threshold for all queries is the largest that accepts no more than this share of the false pairs; of
    pairs at the same distance either all are accepted or none.

    Args:
        distance, query_ids, gallery_ids, query_cams, gallery_cams: see :func:`~fastreid_mm.evaluation.rank_metrics`.
        rule: which pairs do not count, see :func:`hidden_images`.
        rates: from 0 to below 1.

    Returns:
        ``"TPR@FPR=1e-04"`` and so on, in percent.

    Raises:
        InputError: shapes that disagree, the rule is unknown, a distance is NaN, or there is no true or no false pair.

    Examples:
        >>> roc_metrics([[1.0, 3.0, 2.0]], [7], [7, 7, 5], [1], [1, 1, 1], "none")["TPR@FPR=1e-02"]
        50.0
    """
    matrix = as_distances(distance)
    counts = RocCounts(ranking_of(matrix.shape, query_ids, gallery_ids, query_cams, gallery_cams), rule, rates)
    measure_blocks([counts], matrix.__getitem__, *matrix.shape)
    return counts.metrics()
