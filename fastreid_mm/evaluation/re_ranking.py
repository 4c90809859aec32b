"""Re-ranking by k-reciprocal neighbours: Zhong et al., CVPR 2017, https://arxiv.org/abs/1701.08398.

Neighbours are searched some images at a time, and only neighbours and nonzero weights are kept, so that memory grows
with the number of images and not with its square. Of the distances beyond the nearest ones, those that weights are made
of are computed again, which takes a few percent of the search.
"""

import operator
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from fastreid_mm.common.errors import InputError, require_choice
from fastreid_mm.evaluation.distances import Features
from fastreid_mm.evaluation.query_blocks import query_blocks

_IMAGES = 64  # images whose weights are made at a time

Between = Callable[[Tensor, Tensor | None], Tensor]
"""Ascending numbers of some images (n,) and of others (m,), None for all, to (n, m) distances."""
Hidden = Callable[[Tensor, Tensor], Tensor]
"""Ascending numbers of queries (n,) and of images (m,) to (n, m) bool, the images that a query must not see."""

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
        counted = self.counted.clone()
        for index in torch.arange(len(counted)).split(_IMAGES):
            nearest = self.images[index]  # (n, k)
            theirs = (self.images[nearest] == index[:, None, None]) & self.counted[nearest]  # (n, k, k)
            counted[index] &= theirs.any(2)
        return _Neighbours(self.images, counted)


class _Weights(NamedTuple):
    """Entries of a sparse (N, N) matrix, row after row."""

    starts: Tensor  # (N + 1,) first entry of each row
    columns: Tensor  # (entries,) int32
    values: Tensor  # (entries,)

    @classmethod
    def collect(cls, parts: Iterator[tuple[Tensor, Tensor]]) -> "_Weights":
        """Collect the entries of dense rows (n, m), given in parts with the number (m,) of each of their columns."""
        counts, columns, values = [], [], []
        for dense, numbers in parts:
            places = dense.nonzero(as_tuple=True)
            counts.append(places[0].bincount(minlength=len(dense)))
            columns.append(numbers[places[1]].int())
            values.append(dense[places])
        ends = torch.cat(counts).cumsum(0)
        return cls(torch.cat([ends.new_zeros(1), ends]), torch.cat(columns), torch.cat(values))

    def of(self, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the entries of rows (n,), some perhaps more than once: each one's place in ``rows``, column, value."""
        starts, counts = self.starts[rows], self.starts[rows + 1] - self.starts[rows]
        places = torch.arange(len(rows)).repeat_interleave(counts)
        entries = torch.arange(len(places)) - (counts.cumsum(0) - counts - starts)[places]
        return places, self.columns[entries].long(), self.values[entries]


class KReciprocal:
    """Distances of queries to the gallery by how far they share reciprocal neighbours (eq. 12).

    Neighbours and weights of all images are found first, a block of images at a time.

    Args:
        between: distances of some images, as the queries, to others; see :func:`k_reciprocal_rerank`.
        num_query: number of queries, which come first.
        size: N, number of all images.
        k1, k2, lambda_value, expansion: see :func:`k_reciprocal_rerank`.
        hidden: images that queries must not see.

    Raises:
        InputError: no query or no gallery image; k1, k2 or lambda out of range, or an unknown expansion.
    """

    @torch.no_grad()
    def __init__(
        self,
        between: Between,
        num_query: int,
        size: int,
        k1: int,
        k2: int,
        lambda_value: float,
        hidden: Hidden,
        expansion: str,
    ) -> None:
        _check(num_query, size, k1, k2, lambda_value)
        require_choice("expansion", expansion, EXPANSIONS)
        self._between, self._hidden, self._queries, self._size = between, hidden, num_query, size
        self._share = lambda_value
        nearest, self._largest = self._search(max(k1 + 1, k2))
        weights = _Weights.collect(self._encoded(nearest.first(k1 + 1), k1, expansion))
        weights = _Weights.collect(self._expanded(nearest.first(k2), weights))
        starts, columns, values = (part.numpy() for part in weights)
        first = starts[num_query]
        by_column = np.argsort(columns[first:], kind="stable")
        self._query = starts[: num_query + 1], columns[:first], values[:first]
        rows = np.repeat(np.arange(size - num_query, dtype=np.int32), np.diff(starts[num_query:]))
        self._gallery = (
            np.searchsorted(columns[first:][by_column], np.arange(size + 1)),
            rows[by_column],
            values[first:][by_column],
        )
        self._sums = np.bincount(rows, values[first:], minlength=size - num_query)

    def _unseen(self, rows: Tensor, columns: Tensor) -> Tensor:
        """Find the pairs (n, m) of which one image is hidden from the other; an image always sees itself."""
        asking, asked = int((rows < self._queries).sum()), int((columns < self._queries).sum())
        unseen = torch.zeros(len(rows), len(columns), dtype=torch.bool)
        if asking:
            unseen[:asking] = self._hidden(rows[:asking], columns)
        if asked and asking < len(rows):
            unseen[asking:, :asked] = self._hidden(columns[:asked], rows[asking:]).T
        return unseen & (rows[:, None] != columns)

    def _search(self, k: int) -> tuple[_Neighbours, Tensor]:
        """Search the k nearest images of every image; also return each one's largest finite distance (N,)."""
        images, counted, largest, everyone = [], [], [], torch.arange(self._size)
        for rows in (everyone[part] for part in query_blocks(self._size, self._size)):
            distance = self._between(rows, None)
            distance.masked_fill_(self._unseen(rows, everyone).to(distance.device), float("inf"))
            distance[torch.arange(len(rows)), rows] = -1
            found = distance.topk(min(k, self._size), largest=False)
            images.append(found.indices.cpu())
            counted.append(found.values.isfinite().cpu())
            distance.masked_fill_(distance.isinf(), 0)
            largest.append(distance.amax(1).clamp_(min=torch.finfo(distance.dtype).tiny).cpu())
        return _Neighbours(torch.cat(images), torch.cat(counted)), torch.cat(largest)

    def _encoded(self, nearest: _Neighbours, k1: int, expansion: str) -> Iterator[tuple[Tensor, Tensor]]:
        """Encode each image as weights on its expanded reciprocal neighbours R*(p, k1) (eq. 5, 7), which sum to 1."""
        near, half = nearest.reciprocal(), nearest.first(round(k1 / 2) + 1).reciprocal()
        for rows in torch.arange(self._size).split(_IMAGES):
            neighbours, counted = near.images[rows], near.counted[rows]  # (n, k)
            theirs = half.images[neighbours]  # (n, k, h)
            columns, place = torch.cat([neighbours.flatten(), theirs.flatten(), rows]).unique(return_inverse=True)
            near_place, half_place = place[: neighbours.numel()], place[neighbours.numel() : -len(rows)]
            member = torch.zeros(len(rows), len(columns), dtype=torch.bool)
            member.scatter_(1, near_place.view_as(neighbours), counted)
            half_place = half_place.view(len(rows), -1)
            reciprocal = half.counted[neighbours] & counted[..., None]
            common = member.gather(1, half_place).view_as(theirs) & reciprocal
            taken = reciprocal & EXPANSIONS[expansion](3 * common.sum(2), 2 * reciprocal.sum(2))[..., None]
            member[taken.nonzero()[:, 0], half_place.view_as(theirs)[taken]] = True
            distance = self._between(rows, columns).cpu()
            distance.masked_fill_(self._unseen(rows, columns), float("inf"))
            distance[torch.arange(len(rows)), place[-len(rows) :]] = 0
            weights = (-distance.clamp_(min=0) / self._largest[rows, None]).exp_() * member
            yield weights / weights.sum(1, keepdim=True), columns

    def _expanded(self, nearest: _Neighbours, weights: _Weights) -> Iterator[tuple[Tensor, Tensor]]:
        """Average the weights over an image's k2 neighbours, itself included (eq. 11), without hidden images."""
        for rows in torch.arange(self._size).split(_IMAGES):
            neighbours, counted = nearest.images[rows], nearest.counted[rows]
            shares = (counted / counted.sum(1, keepdim=True)).to(weights.values.dtype)  # (n, k2)
            places, numbers, values = weights.of(neighbours.flatten())
            columns, index = numbers.unique(return_inverse=True)
            dense = torch.zeros(len(rows), len(columns), dtype=values.dtype)
            where = places // neighbours.shape[1], index
            dense.index_put_(where, values * shares.flatten()[places], accumulate=True)
            yield dense.masked_fill_(self._unseen(rows, columns), 0), columns

    def _jaccard(self, query: int) -> np.ndarray:
        """Compute the Jaccard distances (Ng,) (eq. 10) of a query, summed over shared neighbours."""
        (starts, columns, values), (begins, rows, weights) = self._query, self._gallery
        entries = slice(starts[query], starts[query + 1])
        first, counts = begins[columns[entries]], begins[columns[entries] + 1] - begins[columns[entries]]
        places = np.repeat(first - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
        least = np.minimum(weights[places], np.repeat(values[entries], counts))
        common = np.bincount(rows[places], least, minlength=len(self._sums))
        return 1 - common / (values[entries].sum(dtype=np.float64) + self._sums - common)

    @torch.no_grad()
    def distances(self, rows: slice) -> Tensor:
        """Compute the distances (n, Ng) of some queries; those of hidden pairs mean nothing."""
        numbers = torch.arange(self._queries)[rows]
        result = self._between(numbers, None)[:, self._queries :].cpu()
        result *= self._share / self._largest[rows][: len(numbers), None]
        for place, query in enumerate(numbers.tolist()):
            result[place] += (1 - self._share) * torch.from_numpy(self._jaccard(query)).to(result.dtype)
        return result


def _check(num_query: int, size: int, k1: int, k2: int, lambda_value: float) -> None:
    if not 0 < num_query < size:
        raise InputError(f"re-ranking needs queries and a gallery, got {num_query} queries of {size} images")
    if k1 < 1 or k2 < 1 or not 0 <= lambda_value <= 1:
        raise InputError(f"re-ranking needs k1, k2 of 1 or more and lambda in 0 to 1, got {k1}, {k2}, {lambda_value}")


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

    For images whose distances do not fit in memory there is :class:`KReciprocal`.

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
    matrix = torch.as_tensor(distance)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise InputError(f"re-ranking needs (N, N) distances, got {tuple(matrix.shape)}")
    unseen = torch.zeros(num_query, len(matrix), dtype=torch.bool) if hidden is None else torch.as_tensor(hidden)
    if unseen.shape != (num_query, len(matrix)):
        raise InputError(f"hidden must be ({num_query}, {len(matrix)}), got {tuple(unseen.shape)}")

    def between(rows: Tensor, columns: Tensor | None) -> Tensor:
        return matrix[rows] if columns is None else matrix[rows[:, None], columns]

    def hides(queries: Tensor, images: Tensor) -> Tensor:
        return unseen[queries[:, None], images]

    found = KReciprocal(between, num_query, len(matrix), k1, k2, lambda_value, hides, expansion)
    return found.distances(slice(None))
