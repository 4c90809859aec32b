"""Market-1501's protocol after feature extraction, the same by fast-reid, and what neither can do without."""

from collections.abc import Callable
from functools import partial

import numpy as np
from large_gallery import make_sides

import fastreid_mm.compat  # noqa: F401  makes fast-reid importable: first

from fastreid.evaluation import rank  # isort: skip
from fastreid.utils.compute_dist import compute_cosine_distance  # isort: skip
from fastreid_mm.evaluation import pairwise_distance
from fastreid_mm.evaluation.benchmarks import Market

RANKING = "fast-reid's Cython" if rank.IS_CYTHON_AVAI else "fast-reid's Python"
"""Name of the baseline, which is compiled by ``make`` in ``fastreid/evaluation/rank_cylib`` where Cython is there."""
Result = dict[str, float]


def ways(queries: int, gallery: int, dim: int) -> tuple[Callable[[], Result | np.ndarray], ...]:
    """Return the evaluation, that of fast-reid, and distances with one sort of each row, as functions to be timed."""
    query, other = make_sides(queries, gallery, dim)
    cosine = partial(pairwise_distance, metric="cosine")
    labels = (query.ids, other.ids, query.places, other.places)

    def theirs() -> Result:
        hits, precisions, _ = rank.evaluate_rank(compute_cosine_distance(query.features, other.features), *labels)
        return {"Rank-1": 100 * float(hits[0]), "mAP": 100 * float(np.mean(precisions))}

    return (
        lambda: Market().evaluate(query, other, cosine)["test"],
        theirs,
        lambda: np.argsort(cosine(query.features, other.features).numpy(), 1),
    )
