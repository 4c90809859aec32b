"""The whole SYSU-MM01 evaluation after feature extraction, and the same by a loop over queries.

Features are random at the data set's sizes: 3803 queries, 96 identities, 56, 56, 94 and 95 of them under the visible
cameras, about 20 images each.
"""

from collections.abc import Callable

import numpy as np
import torch

from fastreid_mm.evaluation import evaluate_sysu, pairwise_distance
from fastreid_mm.evaluation.sysu_mm01 import GALLERY_CAMERAS
from fastreid_mm.evaluation.sysu_splits import Permutation

IDENTITIES = 96
PRESENT = {1: 56, 2: 56, 4: 94, 5: 95}  # number of identities that each visible camera saw
QUERIES = {3: 1883, 6: 1920}
RANKS = (1, 10, 20)
TRIALS = 10
Labels = tuple[np.ndarray, ...]  # query ids, query cams, gallery ids, gallery cams, gallery image numbers
Results = dict[str, dict[str, float]]


def make_gallery(generator: np.random.Generator) -> Permutation:
    """Draw ten random orders of 13 to 27 images for each camera and identity."""
    keys = [
        (cam, identity)
        for cam, present in PRESENT.items()
        for identity in np.sort(generator.permutation(IDENTITIES)[:present]).tolist()
    ]
    sizes = generator.integers(13, 28, len(keys))
    return {key: np.stack([generator.permutation(n) + 1 for _ in range(TRIALS)]) for key, n in zip(keys, sizes)}


def make_labels(permutation: Permutation, generator: np.random.Generator) -> Labels:
    images = np.array([(i, cam, n) for (cam, i), rows in permutation.items() for n in range(1, rows.shape[1] + 1)])
    cams = np.repeat(list(QUERIES), list(QUERIES.values()))
    return generator.integers(0, IDENTITIES, len(cams)), cams, *images.T


def loop_query(
    distance: np.ndarray, identity: int, camera: int, ids: np.ndarray, cams: np.ndarray
) -> np.ndarray | None:
    """Score one query: hits at each rank, average precision and inverse penalty; None without a true image."""
    order = np.argsort(distance, kind="stable")
    order = order[~((camera == 3) & (cams[order] == 2))]
    ranked = ids[order]
    matches = ranked == identity
    if not matches.any():
        return None
    _, first = np.unique(ranked, return_index=True)
    hits = np.cumsum(ranked[np.sort(first)] == identity)
    positions = np.nonzero(matches)[0] + 1
    precision = (np.arange(len(positions)) + 1) / positions
    return np.array([*(hits[k - 1] for k in RANKS), precision.mean(), len(positions) / positions[-1]])


def loop_evaluation(distance: np.ndarray, labels: Labels, permutation: Permutation) -> Results:
    """Evaluate by the protocol as it is usually written: sort and count one query after another."""
    query_ids, query_cams, ids, cams, numbers = labels
    columns = {image: column for column, image in enumerate(zip(cams.tolist(), ids.tolist(), numbers.tolist()))}
    results = {}
    for mode, mode_cams in GALLERY_CAMERAS.items():
        for shots in (1, 10):
            means = []
            for trial in range(TRIALS):
                keys = [(cam, i) for cam in mode_cams for i in range(IDENTITIES) if (cam, i) in permutation]
                drawn = [(*key, n) for key in keys for n in permutation[key][trial, :shots].tolist()]
                kept = np.array([columns[image] for image in drawn])
                part = distance[:, kept]
                queries = zip(part, query_ids, query_cams)
                scores = [loop_query(row, i, cam, ids[kept], cams[kept]) for row, i, cam in queries]
                means.append(np.mean([score for score in scores if score is not None], axis=0))
            names = [*(f"Rank-{k}" for k in RANKS), "mAP", "mINP"]
            results[f"{mode}_search_{shots}shot"] = dict(zip(names, 100 * np.mean(means, axis=0)))
    return results


def ways(dim: int, queries: int | None = None) -> tuple[Callable[[], Results | np.ndarray], ...]:
    """Return the evaluation, the same by a loop, and distances with one sort of each row, as functions to be timed.

    Args:
        dim: number of channels.
        queries: number of queries; those of the data set if None.
    """
    generator = np.random.default_rng(0)
    permutation = make_gallery(generator)
    labels = make_labels(permutation, generator)
    labels = (*(each[:queries] for each in labels[:2]), *labels[2:])
    random = torch.Generator().manual_seed(0)
    query, gallery = (torch.randn(len(labels[place]), dim, generator=random) for place in (0, 2))

    def distance() -> np.ndarray:
        return pairwise_distance(query, gallery, "euclidean").numpy()

    return (
        lambda: evaluate_sysu(distance(), *labels, permutation),
        lambda: loop_evaluation(distance(), labels, permutation),
        lambda: np.argsort(distance(), 1),
    )
