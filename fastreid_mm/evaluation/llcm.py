"""The LLCM protocol: both directions, ten galleries drawn with a seed, identity-level CMC.

As the set's own code has it, https://github.com/ZYK100/LLCM.
"""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from fastreid_mm.evaluation.hidden_images import is_junk, tell_junk
from fastreid_mm.evaluation.protocol import Protocol
from fastreid_mm.evaluation.seeded_draw import draw_seeded
from fastreid_mm.evaluation.side import Ranking, Side

TRIALS = 10


def drawn_columns(ids: np.ndarray, cameras: np.ndarray, trial: int) -> np.ndarray:
    """Draw the gallery of a trial: of all images of a modality, one of each identity but -1 under each camera.

    Args:
        ids: (N,) identity of each image; those of one under one camera in the order of their files' names.
        cameras: (N,) camera of each.
        trial: from 0.

    Returns:
        (n,) indices of the images that are drawn, in the order drawn.
    """
    columns = defaultdict(list)
    for column in np.flatnonzero(~is_junk(ids)).tolist():
        columns[int(cameras[column]), int(ids[column])].append(column)
    return np.array([column for _, _, column in draw_seeded(columns, shots=1, trial=trial)], dtype=np.int64)


class LLCM(Protocol):
    """All images of one modality are queries; an image of each identity under each camera is the gallery.

    Images of the query's identity under the camera of the same number do not count. The set's own code swaps query and
    gallery where its ``test_mode`` is ``[2, 1]``, which it calls VIS to IR: there the infrared images that are drawn
    are the queries, and all visible ones the gallery. That has a setting of its own.
    """

    rule = "market"
    goes_by = ("cameras", "paths")
    unique_ids = True
    gallery_source = "seeded draw"

    def rankings(self, query: Side, gallery: Side) -> dict[str, Iterator[Ranking]]:
        """Both directions, of near infrared and visible images, and the ``test_mode`` ``[2, 1]`` of the set's code."""

        def to_drawn(query: Side, gallery: Side) -> Iterator[Ranking]:
            tell_junk(gallery_images=gallery.ids)
            yield from (Ranking(query, gallery, _draw(gallery, trial)) for trial in range(TRIALS))

        return {
            "infrared_to_visible": to_drawn(query, gallery),
            "visible_to_infrared": to_drawn(gallery, query),
            "drawn_infrared_to_visible": (Ranking(query.of(_draw(query, trial)), gallery) for trial in range(TRIALS)),
        }

    def shown_gallery(self, gallery: Side) -> np.ndarray:
        """Return the gallery of the first trial."""
        return _draw(gallery, 0)


evaluate_llcm = LLCM().evaluate
"""Rank near infrared and visible images by this protocol."""


def _draw(gallery: Side, trial: int) -> np.ndarray:
    """:func:`drawn_columns` of images in any order."""
    if gallery.names is None:
        return drawn_columns(gallery.ids, gallery.places, trial)
    by_name = np.argsort(gallery.names, kind="stable")
    return by_name[drawn_columns(gallery.ids[by_name], gallery.places[by_name], trial)]
