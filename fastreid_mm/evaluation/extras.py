"""What may be done beyond a benchmark's ranking: query expansion, re-ranking and verification, gallery by gallery."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from fastreid_mm.evaluation.distances import pairwise_distance
from fastreid_mm.evaluation.hidden_images import hidden_images, is_junk
from fastreid_mm.evaluation.query_expansion import average_query_expansion
from fastreid_mm.evaluation.rank_metrics import rank_metrics
from fastreid_mm.evaluation.re_ranking import k_reciprocal_rerank
from fastreid_mm.evaluation.roc import roc_metrics

Measure = Callable[..., dict[str, float]]
"""Takes what :func:`rank_metrics` takes and gives what that gives, perhaps with more."""


class Expansion(NamedTuple):
    """How :func:`average_query_expansion` is done."""

    k: int
    times: int
    alpha: float


class Reranking(NamedTuple):
    """How :func:`k_reciprocal_rerank` is done."""

    k1: int
    k2: int
    lambda_value: float
    expansion: str = "official"


class Extras(NamedTuple):
    """What is done, in this order. Nothing by default."""

    expansion: Expansion | None = None
    reranking: Reranking | None = None
    roc: bool = False

    def notes(self) -> dict[str, str]:
        """What has to be said beside every number that is not the protocol's alone.

        Example:
            >>> Extras(reranking=Reranking(20, 6, 0.3)).notes()
            {'re-ranking': 'k1 20, k2 6, lambda 0.3'}
        """
        found = {}
        if self.expansion:
            found["query expansion"] = (
                f"{self.expansion.k} images, {self.expansion.times}x, alpha {self.expansion.alpha}"
            )
        if self.reranking:
            k1, k2, share, expansion = self.reranking
            found["re-ranking"] = f"k1 {k1}, k2 {k2}, lambda {share}{', expansion as printed' * (expansion == 'paper')}"
        return found


class Compared(NamedTuple):
    """Features that a matrix of distances is of, and how they are compared."""

    query: Tensor
    """(Nq, D)"""
    gallery: Tensor
    """(Ng, D)"""
    distance: Callable[[Tensor, Tensor], Tensor]
    """Features to their distances, the first ones as queries."""
    plain: Callable[[Tensor], Tensor]
    """Features to those that may be averaged and are compared by the metric."""
    metric: str

    def refined(self, extras: Extras, labels: "Labels", rule: str, columns: np.ndarray) -> Tensor:
        """(Nq, n) distances to some gallery images, by the features of queries and these images alone.

        Images of identity -1 have no part in it, and stay at an infinite distance.

        Args:
            extras: of which expansion and re-ranking are done.
            labels: of all images.
            rule: which images are hidden from a query, among the queries as well.
            columns: (n,) indices of gallery images.
        """
        rows, kept = (np.flatnonzero(~is_junk(ids)) for ids in (labels.query_ids, labels.gallery_ids[columns]))
        people = self._refined_people(extras, labels, rule, rows, columns[kept])
        if people.shape == (len(self.query), len(columns)):
            return people
        refined = people.new_full((len(self.query), len(columns)), float("inf"))
        refined[torch.as_tensor(rows)[:, None], torch.as_tensor(kept)] = people
        return refined

    def _refined_people(
        self, extras: Extras, labels: "Labels", rule: str, rows: np.ndarray, columns: np.ndarray
    ) -> Tensor:
        """(n, m) distances of some queries to some gallery images, all of which are somebody's."""
        query, gallery, distance = (
            self.query[torch.as_tensor(rows)],
            self.gallery[torch.as_tensor(columns)],
            self.distance,
        )
        found = labels.of(rows, columns)
        if extras.expansion:
            query, gallery = self.plain(query), self.plain(gallery)
            query = average_query_expansion(query, gallery, *extras.expansion, self.metric, found.hidden(rule))

            def distance(query: Tensor, gallery: Tensor) -> Tensor:
                return pairwise_distance(query, gallery, self.metric)

        if not extras.reranking:
            return distance(query, gallery)
        everyone = torch.cat([query, gallery])
        together = distance(everyone, everyone)
        if self.metric == "euclidean":
            together.square_()
        k1, k2, share, expansion = extras.reranking
        return k_reciprocal_rerank(together, len(query), k1, k2, share, found.hidden_together(rule), expansion)


class Labels(NamedTuple):
    """Identities, and what the rule goes by, of queries and gallery images."""

    query_ids: np.ndarray
    gallery_ids: np.ndarray
    query_cams: np.ndarray
    gallery_cams: np.ndarray

    def of(self, rows: np.ndarray | slice, columns: np.ndarray) -> "Labels":
        """Of some queries and some gallery images."""
        return Labels(
            self.query_ids[rows], self.gallery_ids[columns], self.query_cams[rows], self.gallery_cams[columns]
        )

    def hidden(self, rule: str) -> np.ndarray:
        """(Nq, Ng) bool."""
        return np.array(hidden_images(rule, self.query_ids, self.query_cams, self.gallery_ids, self.gallery_cams))

    def hidden_together(self, rule: str) -> np.ndarray:
        """(Nq, Nq + Ng) bool: queries are as gallery images to each other."""
        among = hidden_images(rule, self.query_ids, self.query_cams, self.query_ids, self.query_cams)
        return np.concatenate([among, self.hidden(rule)], axis=1)


def extended_measure(extras: Extras, compared: Compared) -> Measure:
    """:func:`rank_metrics` with the extras: for each gallery the distances are refined, and a ROC may follow.

    The features are those of the matrix of distances that the measure is then called with.
    """

    def measure(
        distance: Any,
        query_ids: np.ndarray,
        gallery_ids: np.ndarray,
        query_cams: np.ndarray,
        gallery_cams: np.ndarray,
        rule: str,
        unique_ids: bool = False,
        ranks: Sequence[int] = (1, 5, 10, 20),
        *,
        columns: np.ndarray | None = None,
        recall_shares: int = 0,
    ) -> dict[str, float]:
        labels = Labels(query_ids, gallery_ids, query_cams, gallery_cams)
        columns = np.arange(len(gallery_ids)) if columns is None else columns
        if extras.expansion or extras.reranking:
            distance = compared.refined(extras, labels, rule, columns)
        else:
            distance = distance[:, columns]
        shown = labels.of(slice(None), columns)
        found = rank_metrics(distance, *shown, rule, unique_ids, ranks, recall_shares=recall_shares)
        return found | (roc_metrics(distance, *shown, rule) if extras.roc else {})

    return measure
