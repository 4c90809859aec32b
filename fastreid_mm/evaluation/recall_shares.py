"""Precision over recall, in equal shares of recall, so that curves of queries can be averaged."""

import numpy as np


def share_precisions(precision: np.ndarray, counts: np.ndarray, shares: int) -> np.ndarray:
    """Average the precision of each query over each of several equal shares of recall.

    At a recall of r a query with n true images has found the first ``ceil(r n)`` of them, and its precision is that at
    the last of these: a step for each true image, and the area under the steps is the average precision. Averaged over
    a share of recall, steps keep that area, so the mean over the shares is the average precision too.

    Args:
        precision: (N, K) precision at each true image of a query, the nearest first; entries after a query's last true
            image do not count.
        counts: (N,) number of true images of each query, at least 1.
        shares: number of shares.

    Returns:
        (N, shares).

    Examples:
        >>> share_precisions(np.array([[1.0, 0.5]]), np.array([2]), 4)
        array([[1. , 1. , 0.5, 0.5]])
    """
    edges = np.linspace(0, 1, shares + 1)
    areas = np.concatenate([np.zeros((len(counts), 1)), precision.cumsum(1)], axis=1) / counts[:, None]
    places = edges * counts[:, None]  # (N, shares + 1), in true images
    below = np.minimum(places.astype(int), counts[:, None] - 1)
    before, after = (np.take_along_axis(areas, index, axis=1) for index in (below, below + 1))
    return np.diff(before + (places - below) * (after - before), axis=1) * shares
