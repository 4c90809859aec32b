"""The nearest rows of an index for the features of queries, with their exact distances."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from fastreid_mm.protocols.evaluator import Distance
from fastreid_mm.retrieval.spaces import Space
from fastreid_mm.retrieval.vector_index import VectorIndex

_SPARE = 16
"""Candidates beyond those asked for: an index rounds otherwise than the exact distance, and so may order neighbours."""
_CHUNK = 1 << 13
"""Rows of an index that are compared with all queries at a time."""
_MEAN_OF = 1024
"""Rows that stand for all where their mean is needed."""


class Ranked(NamedTuple):
    """What was found for Nq queries, the nearest first; of equals the one that was indexed first."""

    places: np.ndarray
    """(Nq, k) places in the index."""
    distances: np.ndarray
    """(Nq, k), as the model compares."""


def search(
    index: VectorIndex, space: Space, distance: Distance, query: Tensor, top: int, candidates: int = 0
) -> Ranked:
    """Find the ``top`` nearest rows for each query.

    The index proposes, and the model's own distance decides: the distances are exact in any case, of an exact index
    with an exact space the ranking is, too.

    Args:
        index: where to search.
        space: of the model.
        distance: of the model: (Nq, D) and (Ng, D) features to (Nq, Ng).
        query: (Nq, D) features.
        top: k, at most; there are no more than the index has rows.
        candidates: how many rows the index proposes. 0 is as many as an exact ranking needs: a few more than ``top``,
            or all rows, each compared by ``distance``, in a space that is not exact.
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


def scan(index: VectorIndex, space: Space, distance: Distance, query: Tensor, top: int) -> Ranked:
    """Find the ``top`` nearest rows for each query by comparing it with every row; otherwise like :func:`search`."""
    best = Ranked(np.empty((len(query), 0), np.int64), np.empty((len(query), 0), np.float32))
    for start in range(0, len(index), _CHUNK):
        places = np.arange(start, min(start + _CHUNK, len(index)))
        found = distance(query, space.features(_rows(index, places))).numpy()
        both = np.concatenate([best.places, np.broadcast_to(places, found.shape)], 1)
        best = _ranked(both, np.concatenate([best.distances, found], 1), top)
    return best


def _distances(index: VectorIndex, space: Space, distance: Distance, query: Tensor, places: np.ndarray) -> np.ndarray:
    """A (D,) query's feature and (n,) places to (n,) distances; infinite where there is no row."""
    found = np.full(len(places), np.inf, np.float32)
    there = places >= 0
    if there.any():
        gallery = space.features(_rows(index, places[there]))
        found[there] = distance(query[None], gallery)[0].numpy()
    return found


def _ranked(places: np.ndarray, distances: np.ndarray, top: int) -> Ranked:
    """The ``top`` of (Nq, n) places by their distances, and by their places where those are equal."""
    order = np.lexsort((places, distances))[:, :top]
    return Ranked(np.take_along_axis(places, order, 1), np.take_along_axis(distances, order, 1))


def _rows(index: VectorIndex, places: np.ndarray) -> Tensor:
    return torch.from_numpy(index.rows(places))
