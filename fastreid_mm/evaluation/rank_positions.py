"""Positions of each query's true images, and of its identity, in its ranking.

A position is the number of gallery images (or identities) nearer than the true one, so a row is sorted by value, not by
index; the gallery's order is used only between equal distances, as in a stable sort.
"""

from typing import NamedTuple

import numpy as np

_TIED_VALUES = 2**21  # distances compared at a time


class GroupedGallery(NamedTuple):
    """Ranked gallery laid out in blocks: block k holds the k-th image of every identity that has so many.

    Identities are in descending order of their numbers of images, so the k-th images of the first ``widths[k]``
    identities are one slice of columns, and the minimum over an identity's images is a minimum over slices.
    """

    columns: np.ndarray  # (Ng,) column of the distance matrix of each column laid out
    order: np.ndarray  # (Ng,) place in the ranked gallery of each column laid out
    ids: np.ndarray  # (Ng,) identity of each column laid out
    cams: np.ndarray  # (Ng,) camera of each column laid out
    counts: np.ndarray  # (I,) number of images of each identity, descending
    widths: np.ndarray  # (K,) columns of each block
    places: dict[int, int]  # identity to its index in counts

    @classmethod
    def group(cls, columns: np.ndarray, ids: np.ndarray, cams: np.ndarray) -> "GroupedGallery":
        """Lay out the gallery made of some columns of a distance matrix, in that order.

        Args:
            columns: (Ng,) indices into ``ids`` and ``cams``.
            ids: (N,) identities of all columns of the matrix.
            cams: (N,) cameras of all columns of the matrix.
        """
        identities, index, counts = np.unique(ids[columns], return_inverse=True, return_counts=True)
        falling = np.argsort(-counts, kind="stable")
        by_identity = np.argsort(index, kind="stable")
        nth = np.empty_like(index)  # number of each image within its identity
        nth[by_identity] = np.arange(len(index)) - np.repeat(np.cumsum(counts) - counts, counts)
        order = np.lexsort((np.argsort(falling)[index], nth))
        places = dict(zip(identities[falling].tolist(), range(len(identities))))
        columns = columns[order]
        return cls(columns, order, ids[columns], cams[columns], counts[falling], np.bincount(nth), places)

    def true_slots(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Find each query's identity (n,), the columns of its images (n, K), and which of these exist (n, K)."""
        place = np.array([self.places.get(identity, -1) for identity in ids.tolist()])
        counts = np.where(place < 0, 0, self.counts[place])
        starts = (np.cumsum(self.widths) - self.widths)[: counts.max()]
        exists = np.arange(len(starts)) < counts[:, None]
        return place, np.where(exists, starts + place[:, None], 0), exists

    @staticmethod
    def exclude(values: np.ndarray, slots: np.ndarray, true: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        """Set the distances of hidden gallery images to infinity, in place; return the true slots left (n, K).

        Args:
            values: (n, Ng) finite distances, columns grouped by identity.
            slots: (n, K) grouped columns of each query's identity.
            true: (n, K), which of them exist.
            hidden: (n, Ng), which images are hidden from a query.
        """
        np.putmask(values, hidden, np.inf)
        return true & ~np.take_along_axis(hidden, slots, axis=1)

    def best(self, values: np.ndarray) -> np.ndarray:
        """Return the smallest of the values (n, Ng) for each identity, (n, I)."""
        blocks = np.split(values, np.cumsum(self.widths)[:-1], axis=1)
        best = blocks[0].copy()
        for block in blocks[1:]:
            np.minimum(best[:, : block.shape[1]], block, out=best[:, : block.shape[1]])
        return best


def _count_nearer(ascending: np.ndarray, rows: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """Count the values of ascending rows (n, Ng) below each limit (m,), by one binary search for all."""
    size = ascending.shape[1]
    before_row = rows * size - 1
    counts = np.zeros(len(limits), dtype=np.int64)
    step = 1 << (size.bit_length() - 1)
    while step:
        ahead = counts + step
        below = ascending.take(before_row + np.minimum(ahead, size)) < limits
        np.copyto(counts, ahead, where=below & (ahead <= size))
        step >>= 1
    return counts


def _equal_before(values: np.ndarray, rows: np.ndarray, columns: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Count for each pair (row, column) the columns of the row that hold the same value and come before it."""
    before = np.empty(len(rows), dtype=np.int64)
    step = max(1, _TIED_VALUES // values.shape[1])
    for part in (slice(i, i + step) for i in range(0, len(rows), step)):
        equal = values[rows[part]] == values[rows[part], columns[part]][:, None]
        before[part] = (equal & (order < order[columns[part]][:, None])).sum(1)
    return before


def image_positions(values: np.ndarray, slots: np.ndarray, true: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return the positions from 0 of the true images, ascending (n, K); slots without an image come last, as Ng."""
    ascending = np.sort(values, axis=1)
    rows, columns = np.nonzero(true)[0], slots[true]
    true_values = values[rows, columns]
    nearer = _count_nearer(ascending, rows, true_values)
    following = np.minimum(nearer + 1, values.shape[1] - 1)
    tied = (following > nearer) & (ascending[rows, following] == true_values)
    nearer[tied] += _equal_before(values, rows[tied], columns[tied], order)
    positions = np.full(true.shape, values.shape[1])
    positions[true] = nearer
    return np.sort(positions, axis=1)


def identity_positions(
    values: np.ndarray, place: np.ndarray, slots: np.ndarray, true: np.ndarray, gallery: GroupedGallery
) -> np.ndarray:
    """Return the position from 0 of each query's identity among the identities, each at its best image (n,)."""
    best = gallery.best(values)
    own_best = np.take_along_axis(best, place[:, None], axis=1)
    positions = (best < own_best).sum(1)
    tied = np.nonzero(((best == own_best).sum(1) > 1) & true.any(1))[0]
    if len(tied):  # another identity's best image is exactly as near: the one that comes first in the gallery leads
        values, own_best, slots = values[tied], own_best[tied], slots[tied]
        best_slots = true[tied] & (np.take_along_axis(values, slots, axis=1) == own_best)
        first = np.where(best_slots, gallery.order[slots], len(gallery.order)).min(1, keepdims=True)
        ahead = (values < own_best) | ((values == own_best) & (gallery.order < first))
        positions[tied] = (gallery.best(~ahead) == 0).sum(1)
    return positions
