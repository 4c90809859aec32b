"""Scores of single queries, of which the metrics are means, and their file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.whole_file import write_whole

FILE = "query_scores.npz"
"""Name of the file beside ``results.json``."""
IDS, SCORES = "ids", "scores"


class QueryScores(NamedTuple):
    """Scores of the queries of a setting.

    Attributes:
        ids: (N,) identities.
        scores: (T, N, 3) float32 of T galleries, nan for a query without a true image: position from 0 of the first
            true image, average precision, and inverse penalty.
    """

    ids: np.ndarray
    scores: np.ndarray

    @classmethod
    def gather(cls, ids: Sequence[np.ndarray], scores: Sequence[np.ndarray]) -> "QueryScores":
        """Stack the scores of a setting's galleries; other queries of a gallery are further queries.

        Args:
            ids: identities (Nq,) of the queries of each gallery.
            scores: theirs, (Nq, 3) each.
        """
        if all(np.array_equal(ids[0], other) for other in ids):
            return cls(ids[0], np.stack(scores))
        return cls(np.concatenate(ids), np.concatenate(scores)[None])

    def metrics(self, ranks: Sequence[int]) -> dict[str, np.ndarray]:
        """Compute the value (N,) of each query, in percent, the mean over the galleries.

        Args:
            ranks: the k of each Rank-k.

        Returns:
            Metric to values, whose mean without nan is the metric.
        """
        first, precision, penalty = np.moveaxis(self.scores.astype(np.float64), -1, 0)
        values = {f"Rank-{k}": np.where(np.isnan(first), np.nan, first < k) for k in ranks}
        values |= {"mAP": precision, "mINP": penalty}
        valid = ~np.isnan(first)
        total, count = {name: np.nansum(each, axis=0) for name, each in values.items()}, valid.sum(0)
        with np.errstate(invalid="ignore"):
            return {name: 100 * each / count for name, each in total.items()}


def save_query_scores(path: str, scores: Mapping[str, QueryScores]) -> None:
    """Write a file of the scores of all settings whole or not at all.

    Args:
        path: the file.
        scores: by ``DATASET/SETTING``.

    Raises:
        WriteError: the file cannot be written.
    """
    arrays = {f"{name}/{field}": value for name, each in scores.items() for field, value in each._asdict().items()}

    def write(part: str) -> None:
        with Path(part).open("wb") as file:
            np.savez_compressed(file, **arrays)

    write_whole(path, write)


def load_query_scores(path: str) -> dict[str, QueryScores]:
    """Read a file of :func:`save_query_scores`.

    Raises:
        InputError: the file is damaged, or another one.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            names = [name.removesuffix(f"/{IDS}") for name in arrays.files if name.endswith(f"/{IDS}")]
            found = {name: QueryScores(arrays[f"{name}/{IDS}"], arrays[f"{name}/{SCORES}"]) for name in names}
    except Exception as error:  # damaged archives raise errors of many kinds
        raise InputError(f"{path} is no whole file of query scores: {type(error).__name__}") from None
    for name, (ids, scores) in found.items():
        if scores.ndim != 3 or scores.shape[1:] != (len(ids), 3):
            raise InputError(f"{path}: scores of {name} are {scores.shape}, of {len(ids)} queries")
    return found
