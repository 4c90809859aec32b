"""Re-ranking by k-reciprocal neighbours: Zhong et al., CVPR 2017, https://arxiv.org/abs/1701.08398.

Only neighbours and weights that are not zero are kept, and distances are read a few rows at a time: beside the (N, N)
distances that are given, memory grows with N.
"""

import operator
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from fastreid_mm.common.errors import InputError, require_choice
from fastreid_mm.evaluation.distances import Features

_CHUNK_VALUES = 2**22  # distances, or weights, that are dense at a time


EXPANSIONS = {"official": operator.gt, "paper": operator.ge}
"""What a neighbour's neighbours in common are against two thirds of its, to be taken: the authors' code or eq. 5."""


class _Neighbours(NamedTuple):
    """The nearest images of every one, itself first, and which of them count."""

    images: Tensor  # (N, k) indices
    counted: Tensor  # (N, k) bool

    def first(self, k: int) -> "_Neighbours":
        return _Neighbours(self.images[:, :k], self.counted[:, :k])

    def reciprocal(self) -> "_Neighbours":
        """Those that have the image among their own, R(p, k) (eq. 3)."""
        theirs, own = self.images[self.images], torch.arange(len(self.images))[:, None, None]  # (N, k, k)
        return _Neighbours(self.images, ((theirs == own) & self.counted[self.images]).any(2) & self.counted)


class _Weights(NamedTuple):
    """The entries of a sparse (N, N) matrix, by rows."""

    rows: Tensor
    columns: Tensor
    values: Tensor

    @classmethod
    def collect(cls, parts: Iterator[tuple[int, Tensor]]) -> "_Weights":
        """From dense rows, each part with the number of its first one."""
        found = []
        for start, dense in parts:
            rows, columns = dense.nonzero(as_tuple=True)
            found.append((rows + start, columns, dense[rows, columns]))
        return cls(*map(torch.cat, zip(*found)))

    def padded(self, size: int) -> tuple[Tensor, Tensor]:
        """(size, m) columns and values of every row, those that are too many with value 0."""
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
        self.hidden.fill_diagonal_(False)  # a query sees itself, whatever the rule says of two images
        self._step = max(1, _CHUNK_VALUES // self.size)

    def chunks(self) -> Iterator[slice]:
        return (slice(start, min(start + self._step, self.size)) for start in range(0, self.size, self._step))

    def hide(self, rows: slice, dense: Tensor, value: float) -> Tensor:
        """Write a value, in place, where one of a pair is hidden from the other."""
        queries, last = len(self.hidden), max(rows.start, min(rows.stop, len(self.hidden)))
        dense[: last - rows.start].masked_fill_(self.hidden[rows.start : last], value)
        dense[last - rows.start :, :queries].masked_fill_(self.hidden[:, last : rows.stop].T, value)
        return dense

    def rows(self, rows: slice) -> tuple[Tensor, Tensor]:
        """(n, N) distances, infinite where hidden and -1 of an image to itself; (n, 1) the largest finite one."""
        found = self.hide(rows, self.distance[rows].clone(), float("inf"))
        found[torch.arange(len(found)), torch.arange(rows.start, rows.stop)] = -1
        largest = found.masked_fill(found.isinf(), 0).amax(1, keepdim=True)
        return found, largest.clamp_(min=torch.finfo(found.dtype).tiny)

    def nearest(self, k: int) -> _Neighbours:
        parts = [self.rows(rows)[0].topk(min(k, self.size), largest=False) for rows in self.chunks()]
        return _Neighbours(
            torch.cat([part.indices for part in parts]), torch.cat([part.values for part in parts]).isfinite()
        )


def _encoded(images: _Images, nearest: _Neighbours, k1: int, expansion: str) -> Iterator[tuple[int, Tensor]]:
    """Each image as weights on its expanded reciprocal neighbours R*(p, k1) (eq. 5, 7); they sum to 1."""
    near, half = nearest.reciprocal(), nearest.first(round(k1 / 2) + 1).reciprocal()
    for rows in images.chunks():
        distance, largest = images.rows(rows)
        own, counted = near.images[rows], near.counted[rows]  # (n, k)
        member = torch.zeros(distance.shape, dtype=torch.bool).scatter_(1, own, counted)
        theirs = half.images[own]  # (n, k, h)
        there = half.counted[own] & counted[..., None]
        common = member.gather(1, theirs.flatten(1)).view_as(theirs) & there
        taken = there & EXPANSIONS[expansion](3 * common.sum(2), 2 * there.sum(2))[..., None]
        member[taken.nonzero()[:, 0], theirs[taken]] = True
        weights = (-distance.clamp_(min=0) / largest).exp_() * member
        yield rows.start, weights / weights.sum(1, keepdim=True)


def _expanded(images: _Images, nearest: _Neighbours, weights: _Weights, k2: int) -> Iterator[tuple[int, Tensor]]:
    """The mean of the weights over an image's k2 neighbours, itself among them (eq. 11), none on what is hidden."""
    columns, values = weights.padded(images.size)
    near = nearest.first(k2)
    for rows in images.chunks():
        counted = near.counted[rows]
        shares = values[near.images[rows]] * (counted / counted.sum(1, keepdim=True))[..., None]  # (n, k2, m)
        dense = torch.zeros(rows.stop - rows.start, images.size, dtype=values.dtype)
        dense.scatter_add_(1, columns[near.images[rows]].flatten(1), shares.to(values.dtype).flatten(1))
        yield rows.start, images.hide(rows, dense, 0)


def _jaccard(weights: _Weights, queries: int, size: int) -> Iterator[np.ndarray]:
    """(Ng,) Jaccard distances (eq. 10) of each query in turn, by way of what shares a neighbour with it."""
    rows, columns, values = (part.numpy() for part in weights)
    starts = np.searchsorted(rows, np.arange(queries + 1))
    sums = np.bincount(rows, values, minlength=size)
    gallery = starts[-1] + np.argsort(columns[starts[-1] :], kind="stable")  # its entries by column
    begins = np.searchsorted(columns[gallery], np.arange(size + 1))
    for query in range(queries):
        own = slice(starts[query], starts[query + 1])
        first, counts = begins[columns[own]], begins[columns[own] + 1] - begins[columns[own]]
        places = gallery[np.repeat(first - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())]
        least = np.minimum(values[places], np.repeat(values[own], counts))
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
    """Distances of every query to the gallery, by how far both have the same reciprocal neighbours (eq. 12).

    Neighbours are looked for among gallery and queries together, as the paper's code does; the distances of an image
    are divided by its largest one, as there. Two images of which one is hidden from the other are never neighbours,
    and no weight that a query takes over from its neighbours is on an image that is hidden from it.

    Args:
        distance: (N, N) distances of every image, as the query, to every one, the queries first and then the gallery;
            need not be symmetric. Eq. 1 is a squared distance: give squares of Euclidean ones. Infinite ones are of
            images that are never neighbours; the distance of an image to itself is not read.
        num_query: how many are queries.
        k1: how many neighbours an image may have beside itself.
        k2: over how many, itself among them, its weights are averaged; 1 leaves them.
        lambda_value: the share of the original distance, 1 keeps its order.
        hidden: (num_query, N) bool, the images that a query must not see; nothing by default.
        expansion: a neighbour brings its own ones along if more than two thirds of these are the image's, too
            ("official", as in the authors' code and all that follow it), or two thirds or more ("paper", eq. 5).

    Returns:
        (num_query, N - num_query) distances; those of hidden pairs mean nothing.

    Raises:
        InputError: other shapes, k1, k2 or lambda out of range, or an unknown expansion.

    Example:
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
    for query, found in enumerate(_jaccard(weights, num_query, images.size)):
        result[query] += (1 - lambda_value) * torch.from_numpy(found).to(result.dtype)
    return result
