"""Re-ranking by k-reciprocal neighbours: Zhong et al., CVPR 2017, https://arxiv.org/abs/1701.08398.

Only neighbours and nonzero weights are kept, and distances are read a few rows at a time: beside the given (N, N)
distances, memory grows with N.
"""

import operator
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from fastreid_mm.common.errors import InputError, require_choice
from fastreid_mm.evaluation.distances import Features

_CHUNK_VALUES = 2**22  # distances, or weights, in dense form at a time


EXPANSIONS = {"official": operator.gt, "paper": operator.ge}
"""Comparison of common neighbours with two thirds of a neighbour's own: in the authors' code, and in eq. 5."""


class _Neighbours(NamedTuple):
    """Nearest images of every image, itself first, and which of them count."""

    images: Tensor  # (N, k) indices
    counted: Tensor  # (N, k) bool

    def first(self, k: int) -> "_Neighbours":
        return _Neighbours(self.images[:, :k], self.counted[:, :k])

    def reciprocal(self) -> "_Neighbours":
        """Keep the neighbours that have the image among their own neighbours, R(p, k) (eq. 3)."""
        theirs, index = self.images[self.images], torch.arange(len(self.images))[:, None, None]  # (N, k, k)
        return _Neighbours(self.images, ((theirs == index) & self.counted[self.images]).any(2) & self.counted)


class _Weights(NamedTuple):
    """Entries of a sparse (N, N) matrix, by rows."""

    rows: Tensor
    columns: Tensor
    values: Tensor

    @classmethod
    def collect(cls, parts: Iterator[tuple[int, Tensor]]) -> "_Weights":
        """Collect the entries of dense rows, given in parts with the number of their first row."""
        entries = []
        for start, dense in parts:
            rows, columns = dense.nonzero(as_tuple=True)
            entries.append((rows + start, columns, dense[rows, columns]))
        return cls(*map(torch.cat, zip(*entries)))

    def padded(self, size: int) -> tuple[Tensor, Tensor]:
        """Return the columns and values of every row, (size, m), padded with values of 0."""
        counts = self.rows.bincount(minlength=size)
        places = torch.arange(len(self.rows)) - (counts.cumsum(0) - counts)[self.rows]
        columns = torch.zeros(size, int(counts.max()), dtype=torch.long)
        values = torch.zeros(columns.shape, dtype=self.values.dtype)
        columns[self.rows, places], values[self.rows, places] = self.columns, self.values
        return columns, values


class _Images:
    """Distances between N images, queries first, as far as they may see each other."""

    def __init__(self, distance: Tensor, hidden: Tensor) -> None:
        self.distance, self.hidden, self.size = distance, hidden.clone(), len(distance)
        self.hidden.fill_diagonal_(False)  # a query sees itself, even if the rule hides images like it
        self._step = max(1, _CHUNK_VALUES // self.size)

    def chunks(self) -> Iterator[slice]:
        return (slice(start, min(start + self._step, self.size)) for start in range(0, self.size, self._step))

    def hide(self, rows: slice, dense: Tensor, value: float) -> Tensor:
        """Write a value, in place, for pairs of which one image is hidden from the other."""
        queries, last = len(self.hidden), max(rows.start, min(rows.stop, len(self.hidden)))
        dense[: last - rows.start].masked_fill_(self.hidden[rows.start : last], value)
        dense[last - rows.start :, :queries].masked_fill_(self.hidden[:, last : rows.stop].T, value)
        return dense

    def rows(self, rows: slice) -> tuple[Tensor, Tensor]:
        """Return distances (n, N), infinite if hidden, -1 of an image to itself, and the largest finite ones (n, 1)."""
        distance = self.hide(rows, self.distance[rows].clone(), float("inf"))
        distance[torch.arange(len(distance)), torch.arange(rows.start, rows.stop)] = -1
        largest = distance.masked_fill(distance.isinf(), 0).amax(1, keepdim=True)
        return distance, largest.clamp_(min=torch.finfo(distance.dtype).tiny)

    def nearest(self, k: int) -> _Neighbours:
        parts = [self.rows(rows)[0].topk(min(k, self.size), largest=False) for rows in self.chunks()]
        return _Neighbours(
            torch.cat([part.indices for part in parts]), torch.cat([part.values for part in parts]).isfinite()
        )


def _encoded(images: _Images, nearest: _Neighbours, k1: int, expansion: str) -> Iterator[tuple[int, Tensor]]:
    """Encode each image as weights on its expanded reciprocal neighbours R*(p, k1) (eq. 5, 7), which sum to 1."""
    near, half = nearest.reciprocal(), nearest.first(round(k1 / 2) + 1).reciprocal()
    for rows in images.chunks():
        distance, largest = images.rows(rows)
        neighbours, counted = near.images[rows], near.counted[rows]  # (n, k)
        member = torch.zeros(distance.shape, dtype=torch.bool).scatter_(1, neighbours, counted)
        theirs = half.images[neighbours]  # (n, k, h)
        reciprocal = half.counted[neighbours] & counted[..., None]
        common = member.gather(1, theirs.flatten(1)).view_as(theirs) & reciprocal
        taken = reciprocal & EXPANSIONS[expansion](3 * common.sum(2), 2 * reciprocal.sum(2))[..., None]
        member[taken.nonzero()[:, 0], theirs[taken]] = True
        weights = (-distance.clamp_(min=0) / largest).exp_() * member
        yield rows.start, weights / weights.sum(1, keepdim=True)


def _expanded(images: _Images, nearest: _Neighbours, weights: _Weights, k2: int) -> Iterator[tuple[int, Tensor]]:
    """Average the weights over an image's k2 neighbours, itself included (eq. 11), without hidden images."""
    columns, values = weights.padded(images.size)
    near = nearest.first(k2)
    for rows in images.chunks():
        counted = near.counted[rows]
        shares = values[near.images[rows]] * (counted / counted.sum(1, keepdim=True))[..., None]  # (n, k2, m)
        dense = torch.zeros(rows.stop - rows.start, images.size, dtype=values.dtype)
        dense.scatter_add_(1, columns[near.images[rows]].flatten(1), shares.to(values.dtype).flatten(1))
        yield rows.start, images.hide(rows, dense, 0)


def _jaccard(weights: _Weights, queries: int, size: int) -> Iterator[np.ndarray]:
    """Give the Jaccard distances (Ng,) (eq. 10) of each query in turn, summed over shared neighbours."""
    rows, columns, values = (part.numpy() for part in weights)
    starts = np.searchsorted(rows, np.arange(queries + 1))
    sums = np.bincount(rows, values, minlength=size)
    gallery = starts[-1] + np.argsort(columns[starts[-1] :], kind="stable")  # entries of the gallery by column
    begins = np.searchsorted(columns[gallery], np.arange(size + 1))
    for query in range(queries):
        entries = slice(starts[query], starts[query + 1])
        first, counts = begins[columns[entries]], begins[columns[entries] + 1] - begins[columns[entries]]
        places = gallery[np.repeat(first - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())]
        least = np.minimum(values[places], np.repeat(values[entries], counts))
        common = np.bincount(rows[places] - queries, least, minlength=size - queries)
        yield 1 - common / (sums[query] + sums[queries:] - common)


def _check(distance: Tensor, num_query: int, hidden: Tensor, k1: int, k2: int, lambda_value: float) -> None:
    if distance.ndim != 2 or distance.shape[0] != distance.shape[1] or not 0 < num_query < len(distance):
        raise InputError(f"re-ranking needs (N, N) distances, {num_query} queries first, got {tuple(distance.shape)}")
    if hidden.shape != (num_query, len(distance)):
        raise InputError(f"hidden must be ({num_query}, {len(distance)}), got {tuple(hidden.shape)}")
    if k1 < 1 or k2 < 1 or not 0 <= lambda_value <= 1:
        raise InputError(f"re-ranking needs k1, k2 of 1 or more and lambda in 0 to 1, got {k1}, {k2}, {lambda_value}")


@torch.no_grad()
def k_reciprocal_rerank(
    distance: Features,
    num_query: int,
    k1: int = 20,
    k2: int = 6,
    lambda_value: float = 0.3,
    hidden: np.ndarray | Tensor | None = None,
    expansion: str = "official",
) -> Tensor:
    """Compute the distances of every query to the gallery by how far they share reciprocal neighbours (eq. 12).

    As in the paper's code, neighbours are searched among gallery and queries together, and the distances of an image
    are divided by its largest one. Two images of which one is hidden from the other are never neighbours, and weights
    that a query takes over from its neighbours are never on images that are hidden from it.

    Args:
        distance: (N, N) distances of every image, as the query, to every one, the queries first and then the gallery;
            they need not be symmetric. Eq. 1 is a squared distance: give squares of Euclidean ones. Images at an
            infinite distance are never neighbours; the distance of an image to itself is not read.
        num_query: number of queries.
        k1: largest number of neighbours of an image beside itself.
        k2: number of neighbours, the image included, over which weights are averaged; 1 keeps the weights.
        lambda_value: share of the original distance; 1 keeps its order.
        hidden: (num_query, N) bool, the images that a query must not see; nothing by default.
        expansion: a neighbour's own neighbours are added if more than two thirds of them are neighbours of the image
            ("official", as in the authors' code and code based on it), or two thirds or more ("paper", eq. 5).

    Returns:
        (num_query, N - num_query) distances; those of hidden pairs mean nothing.

    Raises:
        InputError: other shapes, k1, k2 or lambda out of range, or an unknown expansion.

    Examples:
        >>> points = torch.tensor([[0.0], [1.0], [1.2], [5.0], [5.1]])
        >>> k_reciprocal_rerank((points - points.T).square(), 1, k1=2, k2=1, lambda_value=0).argsort()
        tensor([[0, 1, 2, 3]])
    """
    distance = torch.as_tensor(distance)
    hidden = torch.zeros(num_query, len(distance), dtype=torch.bool) if hidden is None else torch.as_tensor(hidden)
    _check(distance, num_query, hidden, k1, k2, lambda_value)
    require_choice("expansion", expansion, EXPANSIONS)
    images = _Images(distance, hidden)
    nearest = images.nearest(max(k1 + 1, k2))
    weights = _Weights.collect(_encoded(images, nearest.first(k1 + 1), k1, expansion))
    weights = _Weights.collect(_expanded(images, nearest, weights, k2))
    result = distance[:num_query, num_query:].clone()
    for rows in images.chunks():
        last = min(rows.stop, num_query)
        if last > rows.start:
            result[rows.start : last] *= lambda_value / images.rows(slice(rows.start, last))[1]
    for query, jaccard in enumerate(_jaccard(weights, num_query, images.size)):
        result[query] += (1 - lambda_value) * torch.from_numpy(jaccard).to(result.dtype)
    return result
