"""Extras beyond a benchmark's ranking: query expansion, re-ranking and verification, gallery by gallery."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from fastreid_mm.evaluation.distances import pairwise_distance
from fastreid_mm.evaluation.hidden_images import hidden_images
from fastreid_mm.evaluation.measure import Distances
from fastreid_mm.evaluation.query_expansion import average_query_expansion
from fastreid_mm.evaluation.re_ranking import KReciprocal
from fastreid_mm.evaluation.side import Distance, Ranking


class Expansion(NamedTuple):
    """Arguments of :func:`average_query_expansion`."""

    k: int
    times: int
    alpha: float


class Reranking(NamedTuple):
    """Arguments of :class:`KReciprocal`."""

    k1: int
    k2: int
    lambda_value: float
    expansion: str = "official"


class Extras(NamedTuple):
    """Extras to be applied, in this order; none by default."""

    expansion: Expansion | None = None
    reranking: Reranking | None = None
    roc: bool = False

    def notes(self) -> dict[str, str]:
        """Say what was done beyond the protocol, to be shown beside the numbers.

        Examples:
            >>> Extras(reranking=Reranking(20, 6, 0.3)).notes()
            {'re-ranking': 'k1 20, k2 6, lambda 0.3'}
        """
        notes = {}
        if self.expansion:
            notes["query expansion"] = (
                f"{self.expansion.k} images, {self.expansion.times}x, alpha {self.expansion.alpha}"
            )
        if self.reranking:
            k1, k2, share, expansion = self.reranking
            notes["re-ranking"] = f"k1 {k1}, k2 {k2}, lambda {share}{', expansion as printed' * (expansion == 'paper')}"
        return notes


class Compared(NamedTuple):
    """Function by which features are compared, and what refines it."""

    distance: Distance
    """Function of query and gallery features to their distances."""
    plain: Callable[[Tensor], Tensor]
    """Function of features to plain vectors, which may be averaged and are compared by the metric."""
    metric: str

    def refined(self, extras: Extras, ranking: Ranking, rule: str) -> Distances:
        """Refine the distances of a ranking, by the features of its queries and its gallery alone.

        Args:
            extras: extras, of which expansion and re-ranking are applied.
            ranking: the ranking of a whole gallery, without images of identity -1.
            rule: rule by which images are hidden from a query, queries as well.

        Returns:
            The refined distances of some of the queries.
        """
        query, gallery, distance = ranking.query.features, ranking.gallery.features, self.distance
        if extras.expansion:
            query, gallery = self.plain(query), self.plain(gallery)
            hidden = np.array(ranking.query.hides(ranking.gallery, rule))
            query = average_query_expansion(query, gallery, *extras.expansion, self.metric, hidden)

            def distance(query: Tensor, gallery: Tensor) -> Tensor:
                return pairwise_distance(query, gallery, self.metric)

        if not extras.reranking:
            return lambda rows: distance(query[rows], gallery)
        return _reranked(extras.reranking, query, gallery, distance, self.metric == "euclidean", ranking, rule)


def _reranked(
    reranking: Reranking, query: Tensor, gallery: Tensor, distance: Distance, square: bool, ranking: Ranking, rule: str
) -> Distances:
    """Re-rank features (Nq, D) and (Ng, D) by their distances, or the squares of these."""
    ids, places = (np.concatenate(pair) for pair in zip(ranking.query[1:3], ranking.gallery[1:3]))

    def chosen(index: Tensor) -> Tensor:
        """Take the features (n, D) of some images, given by ascending numbers, the queries' first."""
        queries = int((index < len(query)).sum())
        if not queries:
            return gallery[index - len(query)]
        return torch.cat([query[index[:queries]], gallery[index[queries:] - len(query)]])

    def between(rows: Tensor, columns: Tensor | None) -> Tensor:
        asking = chosen(rows)
        sides = [query, gallery] if columns is None else [chosen(columns)]
        found = torch.cat([distance(asking, side) for side in sides], 1)
        return found.square_() if square else found

    def hidden(queries: Tensor, images: Tensor) -> Tensor:
        rows, columns = queries.numpy(), images.numpy()
        return torch.from_numpy(np.array(hidden_images(rule, ids[rows], places[rows], ids[columns], places[columns])))

    k1, k2, share, expansion = reranking
    return KReciprocal(between, len(query), len(ids), k1, k2, share, hidden, expansion).distances
