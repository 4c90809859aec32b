"""Average query expansion: Chum et al., ICCV 2007; the weights are those of Radenovic et al., PAMI 2018.

https://www.robots.ox.ac.uk/~vgg/publications/papers/chum07b.pdf, https://arxiv.org/abs/1711.02512
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation.distances import Features, pairwise_distance

_QUERIES = 256  # queries expanded at a time


@torch.no_grad()
def average_query_expansion(
    query: Features,
    gallery: Features,
    k: int = 5,
    times: int = 1,
    alpha: float = 3.0,
    metric: str = "cosine",
    hidden: np.ndarray | Tensor | None = None,
) -> Tensor:
    """Replace each query by its weighted mean with its nearest gallery images.

    A query has weight 1, a gallery image its cosine similarity to the query to the power of ``alpha``, 0 where that is
    negative. The gallery stays as it is and queries are independent of each other, so that images that are hidden
    from a query do not contribute.

    Args:
        query: (Nq, D).
        gallery: (Ng, D).
        k: number of images to average, the query among them.
        times: number of expansions, each of the result of the one before.
        alpha: exponent of the weights; 0 is the plain average.
        metric: distance by which neighbours are chosen, see :func:`pairwise_distance`; for ``"cosine"`` features are
            brought to length one.
        hidden: (Nq, Ng) bool, the images that a query must not see; nothing by default.

    Returns:
        The expanded queries (Nq, D).

    Raises:
        InputError: k below 2, times below 1, a negative alpha, or what :func:`pairwise_distance` raises.

    Examples:
        >>> query, gallery = torch.tensor([[1.0, 0.0]]), torch.tensor([[3.0, 0.0], [0.0, 9.0]])
        >>> average_query_expansion(query, gallery, k=2, metric="euclidean")
        tensor([[2., 0.]])
    """
    query, gallery = torch.as_tensor(query), torch.as_tensor(gallery)
    if k < 2 or times < 1 or alpha < 0:
        raise InputError(f"query expansion needs k of 2, times of 1, alpha of 0 or more, got {k}, {times}, {alpha}")
    if metric == "cosine":
        query, gallery = F.normalize(query, dim=1), F.normalize(gallery, dim=1)
    hidden = torch.zeros(len(query), 1, dtype=torch.bool) if hidden is None else torch.as_tensor(hidden)
    expanded = []
    for chunk, unseen in zip(query.split(_QUERIES), hidden.split(_QUERIES)):
        for _ in range(times):
            chunk = _expand(chunk, gallery, unseen, min(k - 1, len(gallery)), alpha, metric)
        expanded.append(chunk)
    return torch.cat(expanded)


def _expand(query: Tensor, gallery: Tensor, hidden: Tensor, others: int, alpha: float, metric: str) -> Tensor:
    distance = pairwise_distance(query, gallery, metric).masked_fill_(hidden.to(query.device), float("inf"))
    nearest = distance.topk(others, largest=False)
    neighbours = gallery[nearest.indices]  # (n, others, D)
    weights = F.cosine_similarity(query[:, None], neighbours, dim=2).clamp_(min=0) ** alpha
    weights = (weights * nearest.values.isfinite())[..., None]
    return (query + (weights * neighbours).sum(1)) / (1 + weights.sum(1))
