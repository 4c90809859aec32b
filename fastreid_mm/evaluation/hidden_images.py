"""Which gallery images a query must not see: the rules of the protocols, for metrics and pictures alike."""

from collections.abc import Callable

import numpy as np

from fastreid_mm.common.notices import warn_once
from fastreid_mm.errors import require_choice

JUNK = -1
"""The identity of what is nobody's image, as false detections are: neither right nor wrong in a ranking, nor a query.
"""

Rule = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""(Nq, 1) query ids and cameras, and (1, Ng) gallery ids and cameras, to bool that broadcasts to (Nq, Ng)."""


def _sysu(_: np.ndarray, query_cams: np.ndarray, __: np.ndarray, gallery_cams: np.ndarray) -> np.ndarray:
    return (query_cams == 3) & (gallery_cams == 2)  # infrared camera 3 and visible camera 2 stand in the same place


def _market(
    query_ids: np.ndarray, query_cams: np.ndarray, gallery_ids: np.ndarray, gallery_cams: np.ndarray
) -> np.ndarray:
    return (query_ids == gallery_ids) & (query_cams == gallery_cams)


def _none(*labels: np.ndarray) -> np.ndarray:
    return np.zeros((1, 1), dtype=bool)


RULES: dict[str, Rule] = {"sysu": _sysu, "market": _market, "none": _none}


def is_junk(ids: np.ndarray) -> np.ndarray:
    """(N,) identities to (N,) bool, true of :data:`JUNK`."""
    return np.equal(ids, JUNK) if ids.dtype.kind in "iufb" else np.array([identity == JUNK for identity in ids], bool)


def tell_junk(**ids: np.ndarray) -> None:
    """Warn, once, of images of :data:`JUNK`, which are left out.

    Args:
        ids: (N,) identities by what they are of, ``queries`` say.

    Example:
        >>> tell_junk(queries=np.array([3, 7]))  # nothing to tell
    """
    for name, each in ids.items():
        count = int(is_junk(each).sum())
        if count:
            warn_once(f"{count} of {len(each)} {name.replace('_', ' ')} have identity {JUNK}, nobody's: left out")


def hidden_images(
    rule: str, query_ids: np.ndarray, query_cams: np.ndarray, gallery_ids: np.ndarray, gallery_cams: np.ndarray
) -> np.ndarray:
    """Find which images the rule hides from which query; images of :data:`JUNK` see nothing and are seen by none.

    Args:
        rule: ``"sysu"`` hides every camera-2 image from a camera-3 query; ``"market"`` hides images of the query's
            identity and camera; ``"none"`` hides nothing.
        query_ids: (Nq,) identities.
        query_cams: (Nq,) cameras, numbered from 1 under the rule ``"sysu"``.
        gallery_ids: (Ng,) identities.
        gallery_cams: (Ng,) cameras.

    Returns:
        (Nq, Ng) bool, not to be written to.

    Raises:
        InputError: an unknown rule.

    Example:
        >>> hidden_images("market", np.array([7]), np.array([1]), np.array([7, 7, 5]), np.array([1, 2, 1]))
        array([[ True, False, False]])
    """
    require_choice("rule", rule, RULES)
    found = RULES[rule](query_ids[:, None], query_cams[:, None], gallery_ids[None], gallery_cams[None])
    for junk in (is_junk(query_ids)[:, None], is_junk(gallery_ids)[None]):
        if junk.any():
            found = found | junk
    return np.broadcast_to(found, (len(query_ids), len(gallery_ids)))
