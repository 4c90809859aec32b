"""The LLCM protocol: both directions, ten galleries drawn with a seed, identity-level CMC.

As the set's own code has it, https://github.com/ZYK100/LLCM.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from fastreid_mm.evaluation.hidden_images import is_junk, tell_junk
from fastreid_mm.evaluation.results import Metrics, Settings, mean_metrics
from fastreid_mm.evaluation.seeded_draw import draw_seeded
from fastreid_mm.evaluation.side import Distance, MeasureOf, Side, plain_measure

RULE = "market"
RANKS = (1, 10, 20)
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


def evaluate_llcm(
    infrared: Side,
    visible: Side,
    distance: Distance,
    ranks: Sequence[int] = RANKS,
    measure_of: MeasureOf = plain_measure,
) -> Settings:
    """Rank all images of one modality against galleries of the other, and average over the galleries.

    Images of the query's identity under the camera of the same number do not count. The set's own code swaps query and
    gallery where its ``test_mode`` is ``[2, 1]``, which it calls VIS to IR: there the infrared images that are drawn
    are the queries, and all visible ones the gallery. That has a setting of its own.

    Args:
        infrared: Nn near infrared images.
        visible: Nv visible images.
        distance: how features are compared; it need not be symmetric, so each direction is computed.
        ranks: the k of each Rank-k.
        measure_of: what ranks the distances.

    Returns:
        "infrared_to_visible", "visible_to_infrared", and the ``test_mode`` ``[2, 1]`` of the set's code,
        "drawn_infrared_to_visible", to their metrics in percent.

    Raises:
        InputError: what the measure raises.
    """

    def rank(query: Side, gallery: Side) -> Metrics:
        tell_junk(gallery_images=gallery.ids)
        matrix = distance(query.features, gallery.features)
        measure, labels = measure_of(matrix), query.labels_with(gallery)
        drawn = [_draw(gallery, trial) for trial in range(TRIALS)]
        return mean_metrics([measure(matrix, *labels, RULE, True, ranks, columns=columns) for columns in drawn])

    def rank_drawn(query: Side, gallery: Side) -> Metrics:
        matrix = distance(query.features, gallery.features)
        return measure_of(matrix)(matrix, *query.labels_with(gallery), RULE, True, ranks)

    return {
        "infrared_to_visible": rank(infrared, visible),
        "visible_to_infrared": rank(visible, infrared),
        "drawn_infrared_to_visible": mean_metrics(
            [rank_drawn(infrared.of(_draw(infrared, trial)), visible) for trial in range(TRIALS)]
        ),
    }


def _draw(gallery: Side, trial: int) -> np.ndarray:
    """:func:`drawn_columns` of images in any order."""
    if gallery.names is None:
        return drawn_columns(gallery.ids, gallery.places, trial)
    by_name = np.argsort(gallery.names, kind="stable")
    return by_name[drawn_columns(gallery.ids[by_name], gallery.places[by_name], trial)]
