"""Rank-k (CMC), mAP and mINP of a distance matrix; mINP as AGW defines it, https://arxiv.org/abs/2001.04193."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastreid_mm.common.errors import InputError, require_choice
from fastreid_mm.common.warn_once import warn_once
from fastreid_mm.evaluation.hidden_images import RULES, hidden_images, is_junk, tell_junk
from fastreid_mm.evaluation.measure import as_distances, measure_blocks, to_array
from fastreid_mm.evaluation.rank_positions import GroupedGallery, exclude, identity_positions, image_positions
from fastreid_mm.evaluation.recall_shares import share_precisions

_FEW = 64  # queries among which one mostly has a true image


def _gather(block: np.ndarray, first: int, columns: np.ndarray) -> np.ndarray:
    """Copy some distances, (n, Ng); infinite ones become the largest number, so that they precede excluded ones."""
    # Memory is read once and forwards, the order is made in the cache: at a large gallery half the time of one step.
    ascending, layout = np.unique(columns, return_inverse=True)
    values = np.take(np.take(block, ascending, axis=1), layout, axis=1)
    largest = values.max()  # nan if there is one
    if np.isnan(largest):
        row, column = np.argwhere(np.isnan(values))[0]
        raise InputError(f"distance is NaN at query {first + row}, gallery image {columns[column]}")
    return np.minimum(values, np.finfo(values.dtype).max) if np.isinf(largest) else values


def _score(
    values: np.ndarray,
    ids: np.ndarray,
    cams: np.ndarray,
    gallery: GroupedGallery,
    rule: str,
    unique_ids: bool,
    shares: int,
) -> np.ndarray:
    """Score each query, (n, 3 + shares), nan if it has no true image.

    The scores are CMC position from 0, average precision, inverse penalty, and precision over each share of recall.
    """
    place, slots, true = gallery.true_slots(ids)
    scores = np.full((len(ids), 3 + shares), np.nan)
    true = exclude(values, slots, true, ids, cams, gallery, rule)
    counts = true.sum(1)
    valid = counts > 0
    if not valid.any():
        return scores
    positions = image_positions(values, slots, true, gallery.order)
    precision = np.arange(1, positions.shape[1] + 1) / (positions + 1)
    is_true = np.arange(positions.shape[1]) < counts[:, None]
    last = np.take_along_axis(positions, np.maximum(counts - 1, 0)[:, None], axis=1)[:, 0]
    first = identity_positions(values, place, slots, true, gallery) if unique_ids else positions[:, 0]
    columns = (first, (precision * is_true).sum(1) / np.maximum(counts, 1), counts / (last + 1))
    scores[valid, :3] = np.stack(columns, axis=1)[valid]
    if shares:
        scores[valid, 3:] = share_precisions(precision[valid], counts[valid], shares)
    return scores


def _labels(labels: Any, name: str, size: int) -> np.ndarray:
    array = to_array(labels)
    if array.shape != (size,):
        raise InputError(f"{name} must have shape ({size},) like the distance matrix, got {array.shape}")
    return array


def _defined_ranks(ranks: Sequence[int], size: int) -> list[int]:
    """Return the ranks within a gallery's size; a warning names the others."""
    for rank in ranks:
        if rank < 1:
            raise InputError(f"Rank-{rank} cannot be computed: ranks count from 1")
    beyond = [f"Rank-{rank}" for rank in ranks if rank > size]
    if beyond:
        warn_once(f"{', '.join(beyond)} left out: the gallery has {size} images")
    return [rank for rank in ranks if rank <= size]


def _rankable(
    query_ids: np.ndarray, gallery_ids: np.ndarray, columns: np.ndarray | None, ranks: Sequence[int]
) -> tuple[np.ndarray, list[int]]:
    """Return the columns to rank, and the ranks that they have."""
    columns = np.arange(len(gallery_ids)) if columns is None else columns
    if not len(query_ids) or not len(columns):
        raise InputError(f"nothing to rank: {len(query_ids)} queries, {len(columns)} gallery images")
    tell_junk(queries=query_ids, gallery_images=gallery_ids[columns])
    return columns, _defined_ranks(ranks, int((~is_junk(gallery_ids[columns])).sum()))


def _nothing_true(queries: int, rule: str) -> InputError:
    return InputError(f"none of the {queries} queries has a true gallery image under the rule {rule!r}")


def metric_names(
    query_ids: np.ndarray,
    gallery_ids: np.ndarray,
    query_cams: np.ndarray,
    gallery_cams: np.ndarray,
    rule: str,
    ranks: Sequence[int],
    *,
    columns: np.ndarray | None = None,
) -> list[str]:
    """Tell which metrics :func:`rank_metrics` gives of some labels, without any distance.

    Args:
        query_ids: as :func:`rank_metrics` takes them, as all others.
        gallery_ids: likewise.
        query_cams: likewise.
        gallery_cams: likewise.
        rule: likewise.
        ranks: likewise.
        columns: likewise.

    Raises:
        InputError: what :func:`rank_metrics` raises whatever the distances are.

    Examples:
        >>> metric_names(np.array([7]), np.array([7, 5]), np.array([1]), np.array([2, 2]), "market", (1,))
        ['Rank-1', 'mAP', 'mINP', 'valid_queries']
    """
    columns, ranks = _rankable(query_ids, gallery_ids, columns, ranks)
    ids, cams = gallery_ids[columns], gallery_cams[columns]
    for rows in (slice(start, start + _FEW) for start in range(0, len(query_ids), _FEW)):
        same = query_ids[rows, None] == ids
        if (same & ~hidden_images(rule, query_ids[rows], query_cams[rows], ids, cams)).any():
            return [*(f"Rank-{k}" for k in ranks), "mAP", "mINP", "valid_queries"]
    raise _nothing_true(len(query_ids), rule)


class RankScores:
    """Rank-k, mAP and mINP of a ranking, of the distances of some queries at a time.

    Args:
        query_ids: as :func:`rank_metrics` takes them, but as arrays, as all others.
        gallery_ids: likewise.
        query_cams: likewise.
        gallery_cams: likewise.
        rule: likewise.
        unique_ids: likewise.
        ranks: likewise.
        columns: likewise.
        recall_shares: likewise.

    Raises:
        InputError: an unknown rule, an empty gallery, or a rank below 1.
    """

    def __init__(
        self,
        query_ids: np.ndarray,
        gallery_ids: np.ndarray,
        query_cams: np.ndarray,
        gallery_cams: np.ndarray,
        rule: str,
        unique_ids: bool,
        ranks: Sequence[int],
        columns: np.ndarray | None = None,
        recall_shares: int = 0,
    ) -> None:
        require_choice("rule", rule, RULES)
        columns, self._ranks = _rankable(query_ids, gallery_ids, columns, ranks)
        self._gallery = GroupedGallery.group(columns, gallery_ids, gallery_cams)
        self._ids, self._cams, self._options = query_ids, query_cams, (rule, unique_ids, recall_shares)
        self._scores = np.full((len(query_ids), 3 + recall_shares), np.nan)
        self.width = len(columns)

    def add(self, rows: slice, distance: np.ndarray) -> None:
        """Score some queries by their distances (n, Ng).

        Raises:
            InputError: a distance is NaN.
        """
        values = _gather(distance, rows.start, self._gallery.columns)
        self._scores[rows] = _score(values, self._ids[rows], self._cams[rows], self._gallery, *self._options)

    def by_query(self) -> np.ndarray:
        """Return the scores (Nq, 3) of every query, nan without a true image.

        They are the position from 0 of the first true image, average precision, and inverse penalty, of which the
        metrics are means.
        """
        return self._scores[:, :3].astype(np.float32)

    def metrics(self) -> dict[str, float]:
        """Average over the queries that have a true image, as :func:`rank_metrics` does.

        Raises:
            InputError: no query has a true gallery image.
        """
        scores = self._scores[~np.isnan(self._scores[:, 0])]
        if not len(scores):
            raise _nothing_true(len(self._ids), self._options[0])
        average_precision, inverse_penalty, *precisions = scores[:, 1:].mean(0)
        metrics = {f"Rank-{k}": 100 * int((scores[:, 0] < k).sum()) / len(scores) for k in self._ranks} | {
            "mAP": 100 * float(average_precision),
            "mINP": 100 * float(inverse_penalty),
            "valid_queries": len(scores),
        }
        return metrics | {f"Precision-{i}": 100 * float(value) for i, value in enumerate(precisions, 1)}


def rank_metrics(
    distance: Any,
    query_ids: Any,
    gallery_ids: Any,
    query_cams: Any,
    gallery_cams: Any,
    rule: str = "sysu",
    unique_ids: bool = False,
    ranks: Sequence[int] = (1, 5, 10, 20),
    *,
    columns: np.ndarray | None = None,
    recall_shares: int = 0,
) -> dict[str, float]:
    """Rank the gallery for every query and average over the queries that have a true image left.

    Equal distances keep the gallery's order. Images of identity -1, in the gallery or among the queries, are left out,
    and a warning says how many. Arguments are arrays, tensors or sequences.

    Args:
        distance: (Nq, Ng), smaller is nearer; float32 and float64 are ranked as they are.
        query_ids: (Nq,) identities.
        gallery_ids: (Ng,) identities.
        query_cams: (Nq,) cameras, numbered from 1 under the rule ``"sysu"``.
        gallery_cams: (Ng,) cameras.
        rule: ``"sysu"`` hides every camera-2 image from a camera-3 query; ``"market"`` hides images of the query's
            identity and camera; ``"none"`` hides nothing. See :mod:`fastreid_mm.evaluation.hidden_images`.
        unique_ids: whether the CMC counts identities, each at its best image, instead of images. mAP and mINP always
            count images.
        ranks: the k of each Rank-k; one beyond the gallery is left out with a warning. With ``unique_ids``, one beyond
            the number of identities is always reached.
        columns: indices of the gallery images to rank, in this order; all of them by default. The result is that of
            ``distance[:, columns]`` and the labels likewise, without the copy.
        recall_shares: number of equal shares of recall for a precision-recall curve; 0 for no curve.

    Returns:
        ``"Rank-k"`` for each k of the gallery, ``"mAP"`` and ``"mINP"`` in percent, and ``"valid_queries"``, their
        number (int). With ``recall_shares`` also ``"Precision-i"`` in percent, over the i-th share of recall counted
        from 1, whose mean is mAP: see :func:`~fastreid_mm.evaluation.recall_shares.share_precisions`.

    Raises:
        InputError: shapes that disagree, a NaN distance, an unknown rule, an empty gallery, a rank below 1, or no
            query with a true gallery image.
    """
    matrix = as_distances(distance)
    labels = (
        _labels(query_ids, "query_ids", len(matrix)),
        _labels(gallery_ids, "gallery_ids", matrix.shape[1]),
        _labels(query_cams, "query_cams", len(matrix)),
        _labels(gallery_cams, "gallery_cams", matrix.shape[1]),
    )
    scores = RankScores(*labels, rule, unique_ids, ranks, columns, recall_shares)
    measure_blocks([scores], matrix.__getitem__, *matrix.shape)
    return scores.metrics()
