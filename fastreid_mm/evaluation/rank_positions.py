"""Where the true images, and the true identity, of each query stand in its ranking.

A position is the number of gallery images (or identities) nearer than the true one, so a row is sorted by value only,
never by index; only where a distance equals another is the gallery's order looked up, as a stable sort would.
"""

from typing import NamedTuple

import numpy as np
import torch

RULES = ("sysu", "market", "none")
_TIED_VALUES = 2**21  # distances compared at a time


class GroupedGallery(NamedTuple):
    """The ranked gallery with its images grouped by identity, so an identity is a range of columns."""

    columns: np.ndarray  # (Ng,) column of the distance matrix of each grouped column
    order: np.ndarray  # (Ng,) place of each grouped column in the ranked gallery, ascending within an identity
    cams: np.ndarray  # (Ng,) camera of each grouped column
    identities: np.ndarray  # (I,) ascending
    starts: np.ndarray  # (I,) first grouped column of each identity
    counts: np.ndarray  # (I,) images of each identity

    @classmethod
    def group(cls, columns: np.ndarray, ids: np.ndarray, cams: np.ndarray) -> "GroupedGallery":
        """Group the gallery made of some columns of a distance matrix, in that order.

        Args:
            columns: (Ng,) indices into the next two.
            ids: (N,) identities of all columns of the matrix.
            cams: (N,) cameras of all columns of the matrix.
        """
        order = np.argsort(ids[columns], kind="stable")
        columns = columns[order]
        return cls(columns, order, cams[columns], *np.unique(ids[columns], return_index=True, return_counts=True))

    def true_slots(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Index of each query's identity (n,), its grouped columns (n, K), and which of these exist (n, K)."""
        own = np.searchsorted(self.identities, ids).clip(max=len(self.identities) - 1)
        counts = np.where(self.identities[own] == ids, self.counts[own], 0)
        steps = np.arange(counts.max())
        exists = steps < counts[:, None]
        return own, np.where(exists, self.starts[own][:, None] + steps, 0), exists


def exclude(
    values: np.ndarray, slots: np.ndarray, true: np.ndarray, cams: np.ndarray, gallery: GroupedGallery, rule: str
) -> np.ndarray:
    """Put the gallery images a query must not see at infinity, in place; returns the true slots left (n, K).

    Args:
        values: (n, Ng) finite distances, columns grouped by identity.
        slots: (n, K) grouped columns of each query's identity.
        true: (n, K), which of them exist.
        cams: (n,) cameras of the queries.
        gallery: the grouped gallery.
        rule: one of ``RULES``.
    """
    if rule == "sysu":  # infrared camera 3 and visible camera 2 stand in the same place
        values[np.ix_(cams == 3, gallery.cams == 2)] = np.inf
        return true & ~((cams == 3)[:, None] & (gallery.cams[slots] == 2))
    if rule == "market":
        same = true & (gallery.cams[slots] == cams[:, None])
        values[np.nonzero(same)[0], slots[same]] = np.inf
        return true & ~same
    return true


def _equal_before(values: np.ndarray, rows: np.ndarray, columns: np.ndarray, order: np.ndarray) -> np.ndarray:
    """For each pair (row, column): how many columns of the row hold the same value and come before it."""
    before = np.empty(len(rows), dtype=np.int64)
    step = max(1, _TIED_VALUES // values.shape[1])
    for part in (slice(i, i + step) for i in range(0, len(rows), step)):
        equal = values[rows[part]] == values[rows[part], columns[part]][:, None]
        before[part] = (equal & (order < order[columns[part]][:, None])).sum(1)
    return before


def image_positions(values: np.ndarray, slots: np.ndarray, true: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Positions from 0 of the true images, ascending (n, K); the slots that are none come last, as Ng."""
    ascending = np.sort(values, axis=1)
    wanted = np.take_along_axis(values, slots, axis=1)
    positions = torch.searchsorted(torch.from_numpy(ascending), torch.from_numpy(wanted)).numpy()
    following = np.minimum(positions + 1, values.shape[1] - 1)
    tied = true & (following > positions) & (np.take_along_axis(ascending, following, axis=1) == wanted)
    positions[tied] += _equal_before(values, np.nonzero(tied)[0], slots[tied], order)
    positions[~true] = values.shape[1]
    return np.sort(positions, axis=1)


def identity_positions(
    values: np.ndarray, own: np.ndarray, slots: np.ndarray, true: np.ndarray, gallery: GroupedGallery
) -> np.ndarray:
    """Position from 0 of each query's identity among the identities, each at its best image (n,)."""
    best = np.minimum.reduceat(values, gallery.starts, axis=1)  # (n, I)
    own_best = np.take_along_axis(best, own[:, None], axis=1)
    positions = (best < own_best).sum(1)
    tied = np.nonzero(((best == own_best).sum(1) > 1) & true.any(1))[0]
    for row in tied:  # few: another identity's best image is exactly as near
        mine = slots[row][true[row] & (values[row, slots[row]] == own_best[row])]
        equal_before = (values[row] == own_best[row]) & (gallery.order < gallery.order[mine].min())
        ahead = (values[row] < own_best[row]) | equal_before
        positions[row] = np.logical_or.reduceat(ahead, gallery.starts).sum()
    return positions
