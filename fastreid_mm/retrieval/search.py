"""Search for the nearest rows of an index to the features of queries, with their exact distances."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from fastreid_mm.protocols.evaluator import Distance
from fastreid_mm.retrieval.spaces import Space
from fastreid_mm.retrieval.vector_index import VectorIndex

_SPARE = 16
"""Number of additional candidates, as an index rounds differently and may exchange almost equally near rows."""
_CHUNK = 1 << 13
"""Number of rows of an index that are compared with all queries at a time."""
_MEAN_OF = 1024
"""Number of rows by which the mean of all is estimated."""


class Ranked(NamedTuple):
    """Nearest rows of Nq queries, the nearest first; among equals the one that was indexed first."""

    places: np.ndarray
    """Places (Nq, k) in the index."""
    distances: np.ndarray
    """Distances (Nq, k) by the model."""


def search(
    index: VectorIndex, space: Space, distance: Distance, query: Tensor, top: int, candidates: int = 0
) -> Ranked:
    """Find the ``top`` nearest rows for each query.

    The index proposes candidates, and the model's own distance ranks them: distances are always exact, and with an
    exact index and an exact space so is the ranking.

    Args:
        index: the index.
        space: the space of the model.
        distance: the distance of the model: (Nq, D) and (Ng, D) features to (Nq, Ng).
        query: (Nq, D) features.
        top: k, limited to the number of rows of the index.
        candidates: the number of rows that the index proposes. 0 is as many as an exact ranking needs: a few more than
            ``top``, or in a space that is not exact all rows, each compared by ``distance``.
    """
    top = min(top, len(index))
    if not space.proposes or (not candidates and not space.exact):
        return scan(index, space, distance, query, top)
    count = min(max(candidates, top + _SPARE), len(index))
    some = np.linspace(0, len(index) - 1, min(_MEAN_OF, len(index))).astype(np.int64)
    mean = torch.empty(0) if space.exact else _rows(index, some).mean(0)
    places = space.nearest(
        query,
        count,
        lambda vectors, number: torch.from_numpy(index.search(vectors.numpy(), number)),
        lambda places: _rows(index, places.numpy()),
        mean,
    ).numpy()
    return _ranked(places, np.stack([_distances(index, space, distance, *each) for each in zip(query, places)]), top)


def scan(
    index: VectorIndex,
    space: Space,
    distance: Distance,
    query: Tensor,
    top: int,
    within: np.ndarray | None = None,
) -> Ranked:
    """Find the ``top`` nearest rows for each query by comparing it with every row; otherwise like :func:`search`.

    Args:
        index, space, distance, query, top: see :func:`search`.
        within: the places (n,) of the rows to compare, in ascending order; all if None.
    """
    best = Ranked(np.empty((len(query), 0), np.int64), np.empty((len(query), 0), np.float32))
    compared = np.arange(len(index)) if within is None else within
    for start in range(0, len(compared), _CHUNK):
        places = compared[start : start + _CHUNK]
        distances = distance(query, space.features(_rows(index, places))).numpy()
        both = np.concatenate([best.places, np.broadcast_to(places, distances.shape)], 1)
        best = _ranked(both, np.concatenate([best.distances, distances], 1), top)
    return best


def _distances(index: VectorIndex, space: Space, distance: Distance, query: Tensor, places: np.ndarray) -> np.ndarray:
    """Compute the distances (n,) of a query's feature (D,) to the rows at places (n,), infinite where there is none."""
    distances = np.full(len(places), np.inf, np.float32)
    is_row = places >= 0
    if is_row.any():
        gallery = space.features(_rows(index, places[is_row]))
        distances[is_row] = distance(query[None], gallery)[0].numpy()
    return distances


def _ranked(places: np.ndarray, distances: np.ndarray, top: int) -> Ranked:
    """Rank places (Nq, n) by their distances, and equal distances by place, and return the first ``top``."""
    order = np.lexsort((places, distances))[:, :top]
    return Ranked(np.take_along_axis(places, order, 1), np.take_along_axis(distances, order, 1))


def _rows(index: VectorIndex, places: np.ndarray) -> Tensor:
    return torch.from_numpy(index.rows(places))
