"""Verification: the share of true pairs that are accepted if only few false pairs may be."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation.hidden_images import hidden_images, tell_junk
from fastreid_mm.evaluation.rank_metrics import to_array

RATES = (1e-4, 1e-3, 1e-2)
"""False positive rates, as in fast-reid."""


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
    values = to_array(distance)
    query_ids, gallery_ids, query_cams, gallery_cams = map(to_array, (query_ids, gallery_ids, query_cams, gallery_cams))
    tell_junk(queries=query_ids, gallery_images=gallery_ids)
    seen = ~hidden_images(rule, query_ids, query_cams, gallery_ids, gallery_cams)
    if np.isnan(values).any():
        query, image = np.argwhere(np.isnan(values))[0]
        raise InputError(f"distance is NaN at query {query}, gallery image {image}")
    same = query_ids[:, None] == gallery_ids
    true, false = values[seen & same], values[seen & ~same]
    if not len(true) or not len(false):
        raise InputError(f"no ROC of {len(true)} true and {len(false)} false pairs")
    accepted = [int(rate * len(false) + 1e-9) for rate in rates]  # the product may be rounded down
    false.partition(accepted)
    return {
        f"TPR@FPR={rate:.0e}": 100 * int((true < false[count]).sum()) / len(true)
        for rate, count in zip(rates, accepted)
    }
