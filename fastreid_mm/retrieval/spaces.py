"""Spaces: rows of an index of vectors for the features of a model, and searches for the nearest of them.

An index knows Euclidean distances and inner products. If a method's distance is one of them, or can be written as one,
any index of vectors answers its queries; otherwise they are compared with every row by its own distance.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from fastreid_mm.evaluation import QueryAdaptiveFeature
from fastreid_mm.modeling.contract import MetaArchitecture

Search = Callable[[Tensor, int], Tensor]
"""Search for vectors (Nq, V) and a number k, which returns places (Nq, k) of the nearest rows of an index, the nearest
first, -1 if there are fewer."""
Rows = Callable[[Tensor], Tensor]
"""Function from places (n,) in an index to its rows (n, V)."""


class Space:
    """Space of features that only the model itself can compare, such as those of samples that lack modalities.

    Subclasses have other rows in an index, and can search for the nearest of them.
    """

    name = "own"
    """Name of the space; an index has features of a single one."""
    inner_product = False
    """Whether the nearest rows are those of the largest inner product, or else of the smallest Euclidean distance."""
    proposes = False
    """Whether the space has :meth:`nearest`."""
    exact = False
    """Whether :meth:`nearest` is exact in an exact index."""

    def vectors(self, features: Tensor) -> Tensor:
        """Convert features (N, D) to the rows (N, V) of an index."""
        return features

    def features(self, vectors: Tensor) -> Tensor:
        """Convert the rows (N, V) of an index to features (N, D) that, as gallery, have the same distances."""
        return vectors

    def nearest(self, query: Tensor, count: int, search: Search, rows: Rows, mean: Tensor) -> Tensor:
        """Find the places (Nq, count) nearest to query features (Nq, D); ``mean`` (V,) is near that of all rows."""
        raise NotImplementedError


class PlainSpace(Space):
    """Space of features that are compared as vectors by a metric, "cosine" or "euclidean"."""

    proposes = exact = True

    def __init__(self, metric: str) -> None:
        self.name, self.inner_product = metric, metric == "cosine"

    def vectors(self, features: Tensor) -> Tensor:
        """Return the features, normalized to length 1 for the cosine."""
        return F.normalize(features, dim=1) if self.inner_product else features

    def nearest(self, query: Tensor, count: int, search: Search, rows: Rows, mean: Tensor) -> Tensor:
        """Find the nearest rows, see :class:`Space`."""
        return search(self.vectors(query), count)


class QueryAdaptiveSpace(Space):
    """Space of query-adaptive features, in which each query modulates the gallery (CMT, section 3.3; eq. 13).

    With query x, its scale g and its shift b, the gallery feature y becomes ``y' = g * y + b``. A row of the index is
    ``v = [y, the squares of y summed over the parts]``, and the distance consists of inner products of the row with
    vectors that depend only on the query, and numbers that depend only on the query:

        |x - y'|^2 = |x - b|^2 - [2 (x - b) g, -g^2] v
        x y' = [x g, 0] v + x b,    |y'|^2 = [2 g b, g^2] v + |b|^2

    So the nearest rows by Euclidean distance are exactly those of the largest inner product. The cosine
    ``x y' / (|x| |y'|)`` is no inner product, but its tangent at a row is one (:func:`_tangent`). First the tangent at
    the mean of the gallery finds a best row, then the tangent at that row finds the candidates, which are compared
    exactly.

    Args:
        parts: p.
        metric: "cosine" or "euclidean"; rows are the same for both.
    """

    name = "query-adaptive"
    inner_product = proposes = True

    def __init__(self, parts: int, metric: str) -> None:
        self._parts, self.exact = parts, metric == "euclidean"

    def vectors(self, features: Tensor) -> Tensor:
        """Convert packed features (N, (p + 2) * d) to rows (N, (p + 1) * d)."""
        complete = self._unpack(features).complete  # (N, p, d)
        return torch.cat([complete.flatten(1), complete.square().sum(1)], 1)

    def features(self, vectors: Tensor) -> Tensor:
        """Convert rows to packed features without scale and shift, which a gallery does not need."""
        complete = vectors.unflatten(1, (self._parts + 1, -1))[:, :-1]  # (N, p, d)
        nothing = torch.zeros_like(complete[:, 0])
        return QueryAdaptiveFeature(complete, nothing, nothing).pack()

    def nearest(self, query: Tensor, count: int, search: Search, rows: Rows, mean: Tensor) -> Tensor:
        """Find the nearest rows, see :class:`Space`."""
        unpacked = self._unpack(query)
        if self.exact:
            return search(_euclidean(unpacked), count)
        best = search(_tangent(unpacked, mean), 1)[:, 0]
        return search(_tangent(unpacked, rows(best)), count)

    def _unpack(self, features: Tensor) -> QueryAdaptiveFeature:
        return QueryAdaptiveFeature.unpack(features, self._parts)


def space_of(model: MetaArchitecture) -> Space:
    """Return the space of the features of a model."""
    if model.query_adaptive_parts:
        return QueryAdaptiveSpace(model.query_adaptive_parts, model.metric)
    return PlainSpace(model.metric) if model.compares_plainly else Space()


def _euclidean(query: QueryAdaptiveFeature) -> Tensor:
    """Compute vectors (Nq, (p + 1) * d) whose inner product with a row is |x - b|^2 minus the squared distance."""
    scale = query.scale[:, None]  # (Nq, 1, d)
    rest = query.complete - query.shift[:, None]  # (Nq, p, d)
    return torch.cat([2 * rest * scale, -scale.square()], 1).flatten(1)


def _tangent(query: QueryAdaptiveFeature, at: Tensor) -> Tensor:
    """Compute gradients (Nq, (p + 1) * d) of the cosine, up to a factor, at one row of the index or one a query."""
    complete, scale, shift = query.complete, query.scale[:, None], query.shift[:, None]
    dot = torch.cat([complete * scale, torch.zeros_like(scale)], 1).flatten(1)
    square = torch.cat([(2 * scale * shift).expand_as(complete), scale.square()], 1).flatten(1)
    dot_at = (dot * at).sum(1) + (complete * shift).sum((1, 2))  # (Nq,)
    square_at = (square * at).sum(1) + complete.shape[1] * shift.square().sum((1, 2))
    return dot - (dot_at / (2 * square_at.clamp(min=1e-12)))[:, None] * square
