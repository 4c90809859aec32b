"""Rank-k (CMC), mAP and mINP of a distance matrix; mINP as AGW defines it, https://arxiv.org/abs/2001.04193."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch

from fastreid_mm.common.errors import InputError, require_choice
from fastreid_mm.common.warn_once import warn_once
from fastreid_mm.evaluation.hidden_images import RULES, hidden_images, is_junk, tell_junk
from fastreid_mm.evaluation.rank_positions import GroupedGallery, exclude, identity_positions, image_positions
from fastreid_mm.evaluation.recall_shares import share_precisions

_CHUNK_VALUES = 2**20  # distances ranked at a time: they stay in the cache
_FEW = 64  # queries among which one mostly has a true image


def _gather(matrix: np.ndarray, rows: slice, columns: np.ndarray) -> np.ndarray:
    """Copy some distances, (n, Ng); infinite ones become the largest number, so that they precede excluded ones."""
    # Memory is read once and forwards, the order is made in the cache: at a large gallery half the time of one step.
    ascending, layout = np.unique(columns, return_inverse=True)
    values = np.take(np.take(matrix[rows], ascending, axis=1), layout, axis=1)
    largest = values.max()  # nan if there is one
    if np.isnan(largest):
        row, column = np.argwhere(np.isnan(values))[0]
        raise InputError(f"distance is NaN at query {rows.start + row}, gallery image {columns[column]}")
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


def to_array(values: Any) -> np.ndarray:
    """Convert a tensor or anything like an array to an array."""
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu()
        values = (values.float() if values.dtype == torch.bfloat16 else values).numpy()
    return np.asarray(values)


def _distance_matrix(distance: Any) -> np.ndarray:
    matrix = to_array(distance)
    if matrix.ndim != 2:
        raise InputError(f"distance must be (Nq, Ng), got shape {matrix.shape}")
    if matrix.dtype in (np.float32, np.float64):
        return matrix
    return matrix.astype(np.float32 if matrix.dtype == np.float16 else np.float64)


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
    by_query: list[np.ndarray] | None = None,
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
        by_query: receives the scores (Nq, 3) of every query, nan without a true image: position from 0 of the first
            true image, average precision, and inverse penalty, of which the metrics are means.

    Returns:
        ``"Rank-k"`` for each k of the gallery, ``"mAP"`` and ``"mINP"`` in percent, and ``"valid_queries"``, their
        number (int). With ``recall_shares`` also ``"Precision-i"`` in percent, over the i-th share of recall counted
        from 1, whose mean is mAP: see :func:`~fastreid_mm.evaluation.recall_shares.share_precisions`.

    Raises:
        InputError: shapes that disagree, a NaN distance, an unknown rule, an empty gallery, a rank below 1, or no
            query with a true gallery image.
    """
    require_choice("rule", rule, RULES)
    matrix = _distance_matrix(distance)
    query_ids = _labels(query_ids, "query_ids", len(matrix))
    query_cams = _labels(query_cams, "query_cams", len(matrix))
    gallery_ids = _labels(gallery_ids, "gallery_ids", matrix.shape[1])
    gallery_cams = _labels(gallery_cams, "gallery_cams", matrix.shape[1])
    columns, ranks = _rankable(query_ids, gallery_ids, columns, ranks)
    gallery = GroupedGallery.group(columns, gallery_ids, gallery_cams)

    def score(rows: slice) -> np.ndarray:
        values = _gather(matrix, rows, gallery.columns)
        return _score(values, query_ids[rows], query_cams[rows], gallery, rule, unique_ids, recall_shares)

    step = max(1, _CHUNK_VALUES // len(columns))
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:  # NumPy sorts and gathers without holding Python's lock
        scores = np.concatenate(list(pool.map(score, (slice(i, i + step) for i in range(0, len(matrix), step)))))
    if by_query is not None:
        by_query.append(scores[:, :3].astype(np.float32))
    scores = scores[~np.isnan(scores[:, 0])]
    if not len(scores):
        raise _nothing_true(len(matrix), rule)
    average_precision, inverse_penalty, *precisions = scores[:, 1:].mean(0)
    metrics = {f"Rank-{k}": 100 * int((scores[:, 0] < k).sum()) / len(scores) for k in ranks} | {
        "mAP": 100 * float(average_precision),
        "mINP": 100 * float(inverse_penalty),
        "valid_queries": len(scores),
    }
    return metrics | {f"Precision-{i}": 100 * float(value) for i, value in enumerate(precisions, 1)}
