"""Rank-k (CMC), mAP and mINP of a distance matrix; mINP as AGW defines it, https://arxiv.org/abs/2001.04193."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastreid_mm.common.errors import InputError, require_choice
from fastreid_mm.common.warn_once import warn_once
from fastreid_mm.evaluation.hidden_images import RULES, hidden_images, is_junk, tell_junk
from fastreid_mm.evaluation.measure import as_distances, measure_blocks
from fastreid_mm.evaluation.rank_positions import GroupedGallery, identity_positions, image_positions
from fastreid_mm.evaluation.side import Ranking, ranking_of

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


def _defined_ranks(ranks: Sequence[int], size: int) -> list[int]:
    """Return the ranks within a gallery's size; a warning names the others."""
    for rank in ranks:
        if rank < 1:
            raise InputError(f"Rank-{rank} cannot be computed: ranks count from 1")
    beyond = [f"Rank-{rank}" for rank in ranks if rank > size]
    if beyond:
        warn_once(f"{', '.join(beyond)} left out: the gallery has {size} images")
    return [rank for rank in ranks if rank <= size]


def _ranked_at(ranking: Ranking, ranks: Sequence[int]) -> list[int]:
    """Return the ranks that the gallery of a ranking has, or refuse an empty side."""
    query, gallery = ranking.query.ids, ranking.gallery.ids[ranking.ranked]
    if not len(query) or not len(gallery):
        raise InputError(f"nothing to rank: {len(query)} queries, {len(gallery)} gallery images")
    tell_junk(queries=query, gallery_images=gallery)
    return _defined_ranks(ranks, int((~is_junk(gallery)).sum()))


def _nothing_true(queries: int, rule: str) -> InputError:
    return InputError(f"none of the {queries} queries has a true gallery image under the rule {rule!r}")


def metric_names(ranking: Ranking, rule: str, ranks: Sequence[int]) -> list[str]:
    """Tell which metrics :func:`rank_metrics` gives of some labels, without any distance.

    Args:
        ranking: the labels.
        rule, ranks: see :func:`rank_metrics`.

    Raises:
        InputError: what :func:`rank_metrics` raises whatever the distances are.

    Examples:
        >>> metric_names(ranking_of((1, 2), [7], [7, 5], [1], [2, 2]), "market", (1,))
        ['Rank-1', 'mAP', 'mINP', 'valid_queries']
    """
    ranks, (query, gallery) = _ranked_at(ranking, ranks), ranking.labels()
    for start in range(0, len(query.ids), _FEW):
        few = query.of(np.arange(start, min(start + _FEW, len(query.ids))))
        if ((few.ids[:, None] == gallery.ids) & ~few.hides(gallery, rule)).any():
            return [*(f"Rank-{k}" for k in ranks), "mAP", "mINP", "valid_queries"]
    raise _nothing_true(len(query.ids), rule)


class RankScores:
    """Rank-k, mAP and mINP of a ranking, of the distances of some queries at a time.

    Args:
        ranking: the labels of query and gallery.
        rule, unique_ids, ranks, recall_shares: see :func:`rank_metrics`.

    Raises:
        InputError: an unknown rule, an empty gallery, or a rank below 1.
    """

    def __init__(
        self, ranking: Ranking, rule: str, unique_ids: bool, ranks: Sequence[int], recall_shares: int = 0
    ) -> None:
        require_choice("rule", rule, RULES)
        self._ranks = _ranked_at(ranking, ranks)
        self._query, self._rule, self._unique_ids, self._shares = ranking.query, rule, unique_ids, recall_shares
        self._gallery = GroupedGallery.group(ranking.ranked, ranking.gallery.ids, ranking.gallery.places)
        self._scores = np.full((len(ranking.query.ids), 3 + recall_shares), np.nan)
        self.width = len(ranking.ranked)

    def add(self, rows: slice, distance: np.ndarray) -> None:
        """Score some queries by their distances (n, Ng).

        Raises:
            InputError: a distance is NaN.
        """
        values, gallery = _gather(distance, rows.start, self._gallery.columns), self._gallery
        ids, cams, scores = self._query.ids[rows], self._query.places[rows], self._scores[rows]
        place, slots, true = gallery.true_slots(ids)
        true = gallery.exclude(values, slots, true, hidden_images(self._rule, ids, cams, gallery.ids, gallery.cams))
        counts = true.sum(1)
        valid = counts > 0
        if not valid.any():
            return
        positions = image_positions(values, slots, true, gallery.order)
        precision = np.arange(1, positions.shape[1] + 1) / (positions + 1)
        is_true = np.arange(positions.shape[1]) < counts[:, None]
        last = np.take_along_axis(positions, np.maximum(counts - 1, 0)[:, None], axis=1)[:, 0]
        first = identity_positions(values, place, slots, true, gallery) if self._unique_ids else positions[:, 0]
        columns = (first, (precision * is_true).sum(1) / np.maximum(counts, 1), counts / (last + 1))
        scores[valid, :3] = np.stack(columns, axis=1)[valid]
        if self._shares:
            scores[valid, 3:] = share_precisions(precision[valid], counts[valid], self._shares)

    def by_query(self) -> np.ndarray:
        """Return the scores (Nq, 3) of every query, nan without a true image.

        They are the position from 0 of the first true image, average precision, and inverse penalty, of which the
        metrics are means. In :attr:`_scores`, precisions over each share of recall follow.
        """
        return self._scores[:, :3].astype(np.float32)

    def metrics(self) -> dict[str, float]:
        """Average over the queries that have a true image, as :func:`rank_metrics` does.

        Raises:
            InputError: no query has a true gallery image.
        """
        scores = self._scores[~np.isnan(self._scores[:, 0])]
        if not len(scores):
            raise _nothing_true(len(self._scores), self._rule)
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
        from 1, whose mean is mAP: see :func:`share_precisions`.

    Raises:
        InputError: shapes that disagree, a NaN distance, an unknown rule, an empty gallery, a rank below 1, or no
            query with a true gallery image.
    """
    matrix = as_distances(distance)
    ranking = ranking_of(matrix.shape, query_ids, gallery_ids, query_cams, gallery_cams, columns)
    scores = RankScores(ranking, rule, unique_ids, ranks, recall_shares)
    measure_blocks([scores], matrix.__getitem__, *matrix.shape)
    return scores.metrics()
