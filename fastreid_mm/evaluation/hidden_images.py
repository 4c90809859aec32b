"""Rules of the protocols about the gallery images that a query must not see, for metrics and pictures alike."""

from collections.abc import Callable

import numpy as np

from fastreid_mm.common.errors import require_choice
from fastreid_mm.common.warn_once import warn_once

JUNK = -1
"""Identity of images of nobody, such as false detections: neither right nor wrong in a ranking, and no queries.
"""

Rule = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""Function of query ids and cameras (Nq, 1), and gallery ids and cameras (1, Ng), to bool that broadcasts."""


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
    """Find the images of :data:`JUNK` among (N,) identities, (N,) bool."""
    return np.equal(ids, JUNK) if ids.dtype.kind in "iufb" else np.array([identity == JUNK for identity in ids], bool)


def tell_junk(**ids: np.ndarray) -> None:
    """Warn once about images of :data:`JUNK`, which are left out.

    Args:
        ids: (N,) identities by the name of the images, such as ``queries``.

    Examples:
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
        (Nq, Ng) bool, read-only.

    Raises:
        InputError: an unknown rule.

    Examples:
        >>> hidden_images("market", np.array([7]), np.array([1]), np.array([7, 7, 5]), np.array([1, 2, 1]))
        array([[ True, False, False]])
    """
    require_choice("rule", rule, RULES)
    hidden = RULES[rule](query_ids[:, None], query_cams[:, None], gallery_ids[None], gallery_cams[None])
    for junk in (is_junk(query_ids)[:, None], is_junk(gallery_ids)[None]):
        if junk.any():
            hidden = hidden | junk
    return np.broadcast_to(hidden, (len(query_ids), len(gallery_ids)))
