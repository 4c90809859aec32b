"""Query-adaptive distances of random features, the same by a gallery modulated for each query, and plain distances."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from fastreid_mm.evaluation import pairwise_distance, query_adaptive_distance


def loop_distance(query: Tensor, gallery: Tensor, scale: Tensor, shift: Tensor, metric: str) -> Tensor:
    """Compute the same distances as the paper describes them, with a modulated gallery for each query."""
    distance = query.new_empty(len(query), len(gallery))  # rows kept between large tensors can fragment the heap
    for row, x, g, b in zip(distance, query.flatten(1), scale, shift):
        modulated = (gallery * g + b).flatten(1)  # (Ng, p * d)
        if metric == "cosine":
            row.copy_(1 - F.normalize(modulated, dim=1) @ F.normalize(x, dim=0))
        else:
            row.copy_((modulated - x).norm(dim=1))
    return distance


def ways(queries: int, gallery: int, parts: int, dim: int) -> tuple[Callable[[], Tensor], ...]:
    """Return query-adaptive cosines, the same by a loop, and plain cosines, as functions to be timed."""
    random = torch.Generator().manual_seed(0)
    asking, asked = (torch.randn(count, parts, dim, generator=random) for count in (queries, gallery))
    scale, shift = (0.5 * torch.randn(queries, dim, generator=random) for _ in range(2))
    inputs = (asking, asked, 1 + scale, shift, "cosine")
    return (
        lambda: query_adaptive_distance(*inputs),
        lambda: loop_distance(*inputs),
        lambda: pairwise_distance(asking.flatten(1), asked.flatten(1), "cosine"),
    )
