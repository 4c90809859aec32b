"""The LLCM protocol: both directions, ten galleries drawn with a seed, identity-level CMC.

As the set's own code has it, https://github.com/ZYK100/LLCM.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from fastreid_mm.evaluation.results import Metrics, Settings, mean_metrics
from fastreid_mm.evaluation.seeded_draw import draw_seeded
from fastreid_mm.evaluation.side import Distance, MeasureOf, Side, plain_measure

RULE = "market"
RANKS = (1, 10, 20)
TRIALS = 10


def drawn_columns(ids: np.ndarray, cameras: np.ndarray, trial: int) -> np.ndarray:
    """The gallery of a trial: an image of each identity under each camera, of all images of a modality.

    Args:
        ids: (N,) identity of each image; those of one under one camera in the order of their files' names.
        cameras: (N,) camera of each.
        trial: from 0.

    Returns:
        (n,) indices of the images that are drawn, in the order drawn.
    """
    columns = defaultdict(list)
    for column, key in enumerate(zip(cameras.tolist(), ids.tolist())):
        columns[key].append(column)
    return np.array([column for _, _, column in draw_seeded(columns, shots=1, trial=trial)])


def evaluate_llcm(
    infrared: Side,
    visible: Side,
    distance: Distance,
    ranks: Sequence[int] = RANKS,
    measure_of: MeasureOf = plain_measure,
) -> Settings:
    """Rank all images of one modality against galleries of the other, and average over the galleries.

    Images of the query's identity under the camera of the same number do not count.

    Args:
        infrared: Nn near infrared images.
        visible: Nv visible images.
        distance: how features are compared; it need not be symmetric, so each direction is computed.
        ranks: the k of each Rank-k.
        measure_of: what ranks the distances.

    Returns:
        "infrared_to_visible" and "visible_to_infrared" to their metrics in percent.

    Raises:
        InputError: what the measure raises.
    """

    def rank(query: Side, gallery: Side) -> Metrics:
        matrix = distance(query.features, gallery.features)
        measure, labels = measure_of(matrix), query.labels_with(gallery)
        drawn = [_draw(gallery, trial) for trial in range(TRIALS)]
        return mean_metrics([measure(matrix, *labels, RULE, True, ranks, columns=columns) for columns in drawn])

    return {"infrared_to_visible": rank(infrared, visible), "visible_to_infrared": rank(visible, infrared)}


def _draw(gallery: Side, trial: int) -> np.ndarray:
    """:func:`drawn_columns` of images in any order."""
    if gallery.names is None:
        return drawn_columns(gallery.ids, gallery.places, trial)
    by_name = np.argsort(gallery.names, kind="stable")
    return by_name[drawn_columns(gallery.ids[by_name], gallery.places[by_name], trial)]
