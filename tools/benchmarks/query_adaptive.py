"""Time query-adaptive distances beside modulating the gallery for each query, and beside plain distances.

Features are random, by default at SYSU-MM01's single-shot size: 3803 queries, 301 gallery images, 6 parts of 2048.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median

import torch
from torch import Tensor
from torch.nn import functional as F

from fastreid_mm.evaluation import pairwise_distance, query_adaptive_distance


def loop_distance(query: Tensor, gallery: Tensor, scale: Tensor, shift: Tensor, metric: str) -> Tensor:
    """Compute the same distances as the paper describes them, with a modulated gallery for each query."""
    rows = []
    for x, g, b in zip(query.flatten(1), scale, shift):
        modulated = (gallery * g + b).flatten(1)  # (Ng, p * d)
        if metric == "cosine":
            rows.append(1 - F.normalize(modulated, dim=1) @ F.normalize(x, dim=0))
        else:
            rows.append((modulated - x).norm(dim=1))
    return torch.stack(rows)


def measure(name: str, compute: Callable[[], Tensor], repeats: int) -> tuple[float, Tensor]:
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        distance = compute()
        seconds.append(time.perf_counter() - start)
    print(
        f"{name:24} median {median(seconds):7.3f} s of {repeats} ({min(seconds):.3f} to {max(seconds):.3f})", flush=True
    )
    return median(seconds), distance


def compare(metric: str, inputs: tuple[Tensor, ...], repeats: int, loop_repeats: int) -> None:
    """Time the three ways for a metric, and compare the two query-adaptive results."""
    plain, _ = measure(
        f"{metric}, plain", lambda: pairwise_distance(inputs[0].flatten(1), inputs[1].flatten(1), metric), repeats
    )
    fast, distance = measure(f"{metric}, query-adaptive", lambda: query_adaptive_distance(*inputs, metric), repeats)
    loop, expected = measure(f"{metric}, loop", lambda: loop_distance(*inputs, metric), loop_repeats)
    gap = ((distance - expected).abs() / expected).max()
    print(
        f"{metric}: the loop takes {loop / fast:.1f} times as long, query-adaptive {fast / plain:.2f} times as "
        f"long as plain; largest relative difference {gap:.1e}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queries", type=int, default=3803)
    parser.add_argument("--gallery", type=int, default=301)
    parser.add_argument("--parts", type=int, default=6)
    parser.add_argument("--dim", type=int, default=2048)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--loop-repeats", type=int, default=3)
    arguments = parser.parse_args()

    random = torch.Generator().manual_seed(0)
    shape = (arguments.parts, arguments.dim)
    query = torch.randn(arguments.queries, *shape, generator=random)
    gallery = torch.randn(arguments.gallery, *shape, generator=random)
    scale = 1 + 0.5 * torch.randn(arguments.queries, arguments.dim, generator=random)
    shift = 0.5 * torch.randn(arguments.queries, arguments.dim, generator=random)
    print(
        f"{len(query)} queries, {len(gallery)} gallery images, {shape[0]} x {shape[1]}, "
        f"{torch.get_num_threads()} threads"
    )
    query_adaptive_distance(query[:64], gallery, scale[:64], shift[:64])  # the first product starts the threads

    for metric in ("cosine", "euclidean"):
        compare(metric, (query, gallery, scale, shift), arguments.repeats, arguments.loop_repeats)


if __name__ == "__main__":
    main()
