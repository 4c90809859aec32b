"""Distances between features of samples that lack different modalities."""

from collections.abc import Sequence

import torch
from torch import Tensor

from fastreid_mm.evaluation.distances import pairwise_distance


@torch.no_grad()
def common_block_distance(
    query: Tensor,
    gallery: Tensor,
    query_has: Tensor,
    gallery_has: Tensor,
    sizes: Sequence[int],
    metric: str = "euclidean",
) -> Tensor:
    """Compare only the blocks that both samples have.

    For complete samples this is :func:`pairwise_distance`. Euclidean distances over fewer channels are scaled up, as if
    the squared differences of the missing channels were like those of the present ones.

    Args:
        query: (Nq, D) features of one block after the other.
        gallery: (Ng, D).
        query_has: (Nq, blocks) bool, which blocks are present.
        gallery_has: (Ng, blocks).
        sizes: channels of each block, D in all.
        metric: see :func:`pairwise_distance`.

    Returns:
        (Nq, Ng) distances; infinite between samples without a common block.

    Raises:
        ValueError: the sizes do not sum to D.
        InputError: see :func:`pairwise_distance`.

    Examples:
        >>> query, gallery = torch.tensor([[3.0, 0.0]]), torch.tensor([[1.0, 5.0], [0.0, 5.0]])
        >>> query_has, gallery_has = torch.tensor([[True, False]]), torch.tensor([[True, True], [False, True]])
        >>> common_block_distance(query, gallery, query_has, gallery_has, (1, 1))  # 2 x sqrt(2): one of two channels
        tensor([[2.8284,    inf]])
    """
    if sum(sizes) != query.shape[1]:
        raise ValueError(f"blocks of {', '.join(map(str, sizes))} channels do not make {query.shape[1]}")
    channels = torch.tensor(sizes, device=query.device)
    distance = query.new_full((len(query), len(gallery)), float("inf"))
    for rows, has in _groups(query_has):
        for columns, other in _groups(gallery_has):
            common = torch.repeat_interleave(has & other, channels)  # (D,)
            if common.any():
                block = pairwise_distance(query[rows][:, common], gallery[columns][:, common], metric)
                if metric == "euclidean":
                    block *= (len(common) / common.sum()) ** 0.5
                distance[rows[:, None], columns] = block
    return distance


def _groups(present: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Group rows by their pattern of present blocks; return the rows of each pattern, and the pattern."""
    patterns, index = present.unique(dim=0, return_inverse=True)
    return [(torch.nonzero(index == number).flatten(), pattern) for number, pattern in enumerate(patterns)]
