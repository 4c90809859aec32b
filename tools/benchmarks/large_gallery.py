#!/usr/bin/env python
"""Measure the memory and the time of ranking and re-ranking a large gallery, in a process that does nothing else.

Features are random around identities. The peak is that of the whole process, with Python, PyTorch and the features.
"""

import argparse
import resource
import time
from functools import partial

import numpy as np
import torch

from fastreid_mm.evaluation import pairwise_distance
from fastreid_mm.evaluation.benchmarks import Market
from fastreid_mm.evaluation.extras import Compared, Extras, Reranking
from fastreid_mm.evaluation.side import Side


def make_sides(queries: int, gallery: int, dim: int) -> list[Side]:
    """Make features of some identities, of each about 20 gallery images under six cameras."""
    generator, random = torch.Generator().manual_seed(0), np.random.default_rng(0)
    people = torch.randn(max(2, gallery // 20), dim, generator=generator)
    sides = []
    for size in (queries, gallery):
        ids = random.integers(0, len(people), size)
        features = torch.randn(size, dim, generator=generator)
        for part in torch.arange(size).split(4096):
            features[part] += people[torch.from_numpy(ids)[part]]
        sides.append(Side(features, ids, random.integers(1, 7, size)))
    return sides


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queries", type=int, default=3368)
    parser.add_argument("--gallery", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=2048)
    parser.add_argument("--metric", choices=["cosine", "euclidean"], default="cosine")
    parser.add_argument("--rerank", action="store_true")
    parser.add_argument("--compared", type=int, default=None, help="numbers that are compared; all by default")
    arguments = parser.parse_args()

    query, gallery = make_sides(arguments.queries, arguments.gallery, arguments.dim)

    def distance(query: torch.Tensor, gallery: torch.Tensor) -> torch.Tensor:
        return pairwise_distance(query[:, : arguments.compared], gallery[:, : arguments.compared], arguments.metric)

    compared = Compared(distance, lambda features: features, arguments.metric)
    refine = partial(compared.refined, Extras(reranking=Reranking(20, 6, 0.3))) if arguments.rerank else None
    print(f"{arguments}, {torch.get_num_threads()} threads; peak before {peak():.2f} GB", flush=True)
    start, used = time.perf_counter(), time.process_time()
    result = Market().evaluate(query, gallery, distance, refine=refine)
    print(f"{time.perf_counter() - start:.1f} s, {time.process_time() - used:.1f} s of processor time")
    print(f"peak {peak():.2f} GB: {result}")


def peak() -> float:
    """Return the largest memory of this process so far in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


if __name__ == "__main__":
    main()
