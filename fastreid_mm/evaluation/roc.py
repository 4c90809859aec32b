"""Verification: the share of true pairs that are accepted if only few false pairs may be."""

from collections.abc import Sequence
from threading import Lock
from typing import Any

import numpy as np

from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation.hidden_images import hidden_images, tell_junk
from fastreid_mm.evaluation.measure import as_distances, measure_blocks, to_array
from fastreid_mm.evaluation.query_blocks import query_blocks

RATES = (1e-4, 1e-3, 1e-2)
"""False positive rates, as in fast-reid."""


class RocCounts:
    """True positive rates at false positive rates, of the distances of some queries at a time.

    Of the false pairs only the nearest are kept, as many as the highest rate accepts.

    Args:
        query_ids: as :func:`roc_metrics` takes them, but as arrays, as all others.
        gallery_ids: likewise.
        query_cams: likewise.
        gallery_cams: likewise.
        rule: likewise.
        rates: likewise.
        columns: (n,) indices of the gallery images that are compared; all of them by default.

    Raises:
        InputError: the rule is unknown, or there is no true or no false pair.
    """

    def __init__(
        self,
        query_ids: np.ndarray,
        gallery_ids: np.ndarray,
        query_cams: np.ndarray,
        gallery_cams: np.ndarray,
        rule: str,
        rates: Sequence[float] = RATES,
        columns: np.ndarray | None = None,
    ) -> None:
        self._columns = np.arange(len(gallery_ids)) if columns is None else columns
        self._query = query_ids, query_cams
        self._gallery = gallery_ids[self._columns], gallery_cams[self._columns]
        self._rule, self._rates, self.width = rule, rates, len(self._columns)
        tell_junk(queries=query_ids, gallery_images=self._gallery[0])
        counts = np.zeros(2, dtype=np.int64)  # pairs that are true, and false
        for rows in query_blocks(len(query_ids), self.width):
            counts += [int(pairs.sum()) for pairs in self._pairs(rows)]
        true, false = counts.tolist()
        if not true or not false:
            raise InputError(f"no ROC of {true} true and {false} false pairs")
        self._accepted = [int(rate * false + 1e-9) for rate in rates]  # the product may be rounded down
        self._true: list[np.ndarray] = []
        self._false, self._lock = np.empty(0), Lock()

    def _pairs(self, rows: slice) -> tuple[np.ndarray, np.ndarray]:
        """Find the true and the false pairs (n, Ng) among those that count."""
        ids, cams = (each[rows] for each in self._query)
        seen = ~hidden_images(self._rule, ids, cams, *self._gallery)
        same = ids[:, None] == self._gallery[0]
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
        distance: (Nq, Ng), smaller is nearer.
        query_ids: (Nq,) identities.
        gallery_ids: (Ng,) identities.
        query_cams: (Nq,) cameras, or scenes.
        gallery_cams: (Ng,) cameras, or scenes.
        rule: which pairs do not count, see :func:`hidden_images`.
        rates: from 0 to below 1.

    Returns:
        ``"TPR@FPR=1e-04"`` and so on, in percent.

    Raises:
        InputError: the rule is unknown, a distance is NaN, or there is no true or no false pair.

    Examples:
        >>> roc_metrics([[1.0, 3.0, 2.0]], [7], [7, 7, 5], [1], [1, 1, 1], "none")["TPR@FPR=1e-02"]
        50.0
    """
    matrix = as_distances(distance)
    labels = to_array(query_ids), to_array(gallery_ids), to_array(query_cams), to_array(gallery_cams)
    counts = RocCounts(*labels, rule, rates)
    measure_blocks([counts], matrix.__getitem__, *matrix.shape)
    return counts.metrics()
