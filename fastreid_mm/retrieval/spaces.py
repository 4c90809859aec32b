"""How the features of a model lie in an index of vectors, and what finds the nearest of them there.

An index knows Euclidean distances and inner products. Where a method compares by one of them, or by what can be written
as one, its queries are answered by any index of vectors; where it does not, by its own distance to every row.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from fastreid_mm.evaluation import QueryAdaptiveFeature
from fastreid_mm.modeling.contract import MetaArchitecture

Search = Callable[[Tensor, int], Tensor]
"""(Nq, V) vectors and k to (Nq, k) places of the nearest rows of an index, the nearest first, -1 where there are fewer.
"""
Rows = Callable[[Tensor], Tensor]
"""(n,) places in an index to its (n, V) rows."""


class Space:
    """What an index holds for a feature, and how a query asks for it.

    This one is of features that only the model itself can compare, such as those of samples that lack modalities.
    """

    name = "own"
    """Features of other names do not lie in one index."""
    inner_product = False
    """Whether the nearest rows are those of the largest inner product, or else of the least Euclidean distance."""
    proposes = False
    """Whether there is :meth:`nearest`."""
    exact = False
    """Whether :meth:`nearest` is exact where the index is."""

    def vectors(self, features: Tensor) -> Tensor:
        """(N, D) features to the (N, V) rows of an index."""
        return features

    def features(self, vectors: Tensor) -> Tensor:
        """(N, V) rows of an index to (N, D) features which, as gallery, are at the same distances as those put in."""
        return vectors

    def nearest(self, query: Tensor, count: int, search: Search, rows: Rows, mean: Tensor) -> Tensor:
        """(Nq, D) query features to (Nq, count) places in an index, whose rows' (V,) mean is near ``mean``."""
        raise NotImplementedError


class PlainSpace(Space):
    """Features that are compared as vectors by a metric, "cosine" or "euclidean"."""

    proposes = exact = True

    def __init__(self, metric: str) -> None:
        self.name, self.inner_product = metric, metric == "cosine"

    def vectors(self, features: Tensor) -> Tensor:
        """Features, of length 1 for the cosine."""
        return F.normalize(features, dim=1) if self.inner_product else features

    def nearest(self, query: Tensor, count: int, search: Search, rows: Rows, mean: Tensor) -> Tensor:
        """See :class:`Space`."""
        return search(self.vectors(query), count)


class QueryAdaptiveSpace(Space):
    """Features of which each query modulates the gallery in its own way (CMT, section 3.3; eq. 13).

    With query x, its scale g and its shift b, the gallery feature y becomes ``y' = g * y + b``. A row of the index is
    ``v = [y, the squares of y summed over the parts]``, and both that the distance is made of are inner products of it
    with a vector of the query alone, and a number of the query alone:

        |x - y'|^2 = |x - b|^2 - [2 (x - b) g, -g^2] v
        x y' = [x g, 0] v + x b,    |y'|^2 = [2 g b, g^2] v + |b|^2

    So the Euclidean nearest are those of the largest inner product, exactly. The cosine ``x y' / (|x| |y'|)`` is none;
    its tangent at a row is (:meth:`_tangent`). The best row along the tangent at the mean of the gallery is
    where the tangent is taken that finds the candidates, to be compared exactly.

    Args:
        parts: p.
        metric: "cosine" or "euclidean"; rows are the same for both.
    """

    name = "query-adaptive"
    inner_product = proposes = True

    def __init__(self, parts: int, metric: str) -> None:
        self._parts, self.exact = parts, metric == "euclidean"

    def vectors(self, features: Tensor) -> Tensor:
        """(N, (p + 2) * d) packed features to (N, (p + 1) * d)."""
        complete = self._unpack(features).complete  # (N, p, d)
        return torch.cat([complete.flatten(1), complete.square().sum(1)], 1)

    def features(self, vectors: Tensor) -> Tensor:
        """Packed features without scale and shift, which a gallery does not need."""
        complete = vectors.unflatten(1, (self._parts + 1, -1))[:, :-1]  # (N, p, d)
        nothing = torch.zeros_like(complete[:, 0])
        return QueryAdaptiveFeature(complete, nothing, nothing).pack()

    def nearest(self, query: Tensor, count: int, search: Search, rows: Rows, mean: Tensor) -> Tensor:
        """See :class:`Space`."""
        asking = self._unpack(query)
        if self.exact:
            return search(_euclidean(asking), count)
        best = search(_tangent(asking, mean), 1)[:, 0]
        return search(_tangent(asking, rows(best)), count)

    def _unpack(self, features: Tensor) -> QueryAdaptiveFeature:
        return QueryAdaptiveFeature.unpack(features, self._parts)


def space_of(model: MetaArchitecture) -> Space:
    """The space in which the features of a model lie."""
    if model.query_adaptive_parts:
        return QueryAdaptiveSpace(model.query_adaptive_parts, model.metric)
    return PlainSpace(model.metric) if model.compares_plainly else Space()


def _euclidean(asking: QueryAdaptiveFeature) -> Tensor:
    """(Nq, (p + 1) * d), whose inner product with a row is |x - b|^2 less the squared distance."""
    scale = asking.scale[:, None]  # (Nq, 1, d)
    rest = asking.complete - asking.shift[:, None]  # (Nq, p, d)
    return torch.cat([2 * rest * scale, -scale.square()], 1).flatten(1)


def _tangent(asking: QueryAdaptiveFeature, at: Tensor) -> Tensor:
    """(Nq, (p + 1) * d) gradients of the cosine, up to a factor, at a row of the index, or at one for each query."""
    complete, scale, shift = asking.complete, asking.scale[:, None], asking.shift[:, None]
    dot = torch.cat([complete * scale, torch.zeros_like(scale)], 1).flatten(1)
    square = torch.cat([(2 * scale * shift).expand_as(complete), scale.square()], 1).flatten(1)
    dot_there = (dot * at).sum(1) + (complete * shift).sum((1, 2))  # (Nq,)
    square_there = (square * at).sum(1) + complete.shape[1] * shift.square().sum((1, 2))
    return dot - (dot_there / (2 * square_there.clamp(min=1e-12)))[:, None] * square
