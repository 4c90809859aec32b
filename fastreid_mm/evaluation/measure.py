"""Metrics that are made of the distances of some queries at a time."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation.query_blocks import query_blocks

_CHUNK_VALUES = 2**20  # distances measured at a time: they stay in the cache

Distances = Callable[[slice], Tensor | np.ndarray]
"""Rows of queries to their distances (n, Ng)."""


class Measure(Protocol):
    """Metrics of a ranking, made of the distances of all queries in any order."""

    width: int
    """Number of gallery images that are compared with a query."""

    def add(self, rows: slice, distance: np.ndarray) -> None:
        """Take the distances (n, Ng) of some queries; called by several threads."""

    def metrics(self) -> dict[str, float]:
        """Return the metrics of all queries."""


def measure_blocks(measures: Sequence[Measure], distances: Distances, queries: int, gallery: int) -> None:
    """Give the distances of all queries to all measures, in :func:`query_blocks`.

    Args:
        measures: measures of the same queries and gallery.
        distances: the distances of some queries.
        queries: Nq.
        gallery: Ng.
    """
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:  # NumPy sorts and gathers without holding Python's lock
        for rows in query_blocks(queries, gallery):
            block = as_distances(distances(rows))

            def add(task: tuple[Measure, int], rows: slice = rows, block: np.ndarray = block) -> None:
                measure, start = task
                part = slice(start, min(start + _step(measure), rows.stop))
                measure.add(part, block[part.start - rows.start : part.stop - rows.start])

            tasks = [(each, start) for each in measures for start in range(rows.start, rows.stop, _step(each))]
            for _ in pool.map(add, tasks):
                pass


def _step(measure: Measure) -> int:
    return max(1, _CHUNK_VALUES // max(1, measure.width))


def to_array(values: Any) -> np.ndarray:
    """Convert a tensor or anything like an array to an array."""
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu()
        values = (values.float() if values.dtype == torch.bfloat16 else values).numpy()
    return np.asarray(values)


def as_distances(values: Any) -> np.ndarray:
    """Convert distances to float32 or float64, (Nq, Ng).

    Raises:
        InputError: another number of dimensions.
    """
    matrix = to_array(values)
    if matrix.ndim != 2:
        raise InputError(f"distance must be (Nq, Ng), got shape {matrix.shape}")
    if matrix.dtype in (np.float32, np.float64):
        return matrix
    return matrix.astype(np.float32 if matrix.dtype == np.float16 else np.float64)
