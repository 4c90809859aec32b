"""The galleries of LLCM, drawn as the set's own code draws them, https://github.com/ZYK100/LLCM."""

from collections import defaultdict

import numpy as np

from fastreid_mm.evaluation.seeded_draw import draw_seeded

TRIALS = 10


def drawn_columns(ids: np.ndarray, cameras: np.ndarray, trial: int) -> np.ndarray:
    """Indices of the images that a trial, counted from 0, draws from all images of a modality, in the order drawn.

    Args:
        ids: identity of each image; those of one under one camera in the order of their files' names.
        cameras: camera of each.
        trial: from 0.
    """
    columns = defaultdict(list)
    for column, key in enumerate(zip(cameras.tolist(), ids.tolist())):
        columns[key].append(column)
    return np.array([column for _, _, column in draw_seeded(columns, shots=1, trial=trial)])
