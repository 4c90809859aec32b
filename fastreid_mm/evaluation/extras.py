"""Extras beyond a benchmark's ranking: query expansion, re-ranking and verification, gallery by gallery."""

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
"""Function with the arguments of :func:`rank_metrics` that returns the same metrics, or more."""


class Expansion(NamedTuple):
    """Arguments of :func:`average_query_expansion`."""

    k: int
    times: int
    alpha: float


class Reranking(NamedTuple):
    """Arguments of :func:`k_reciprocal_rerank`."""

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
    """Features of a matrix of distances, and how they are compared."""

    query: Tensor
    """Query features (Nq, D)."""
    gallery: Tensor
    """Gallery features (Ng, D)."""
    distance: Callable[[Tensor, Tensor], Tensor]
    """Function of query and gallery features to their distances."""
    plain: Callable[[Tensor], Tensor]
    """Function of features to plain vectors, which may be averaged and are compared by the metric."""
    metric: str

    def refined(self, extras: Extras, labels: "Labels", rule: str, columns: np.ndarray) -> Tensor:
        """Refine the distances (Nq, n) to some gallery images, by the features of queries and these images alone.

        Images of identity -1 are ignored, and stay at an infinite distance.

        Args:
            extras: extras, of which expansion and re-ranking are applied.
            labels: labels of all images.
            rule: rule by which images are hidden from a query, queries as well.
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
        """Refine the distances (n, m) of some queries to some gallery images, none of identity -1."""
        query, gallery, distance = (
            self.query[torch.as_tensor(rows)],
            self.gallery[torch.as_tensor(columns)],
            self.distance,
        )
        chosen = labels.of(rows, columns)
        if extras.expansion:
            query, gallery = self.plain(query), self.plain(gallery)
            query = average_query_expansion(query, gallery, *extras.expansion, self.metric, chosen.hidden(rule))

            def distance(query: Tensor, gallery: Tensor) -> Tensor:
                return pairwise_distance(query, gallery, self.metric)

        if not extras.reranking:
            return distance(query, gallery)
        everyone = torch.cat([query, gallery])
        together = distance(everyone, everyone)
        if self.metric == "euclidean":
            together.square_()
        k1, k2, share, expansion = extras.reranking
        return k_reciprocal_rerank(together, len(query), k1, k2, share, chosen.hidden_together(rule), expansion)


class Labels(NamedTuple):
    """Identities and cameras (or scenes) of queries and gallery images."""

    query_ids: np.ndarray
    gallery_ids: np.ndarray
    query_cams: np.ndarray
    gallery_cams: np.ndarray

    def of(self, rows: np.ndarray | slice, columns: np.ndarray) -> "Labels":
        """Select the labels of some queries and some gallery images."""
        return Labels(
            self.query_ids[rows], self.gallery_ids[columns], self.query_cams[rows], self.gallery_cams[columns]
        )

    def hidden(self, rule: str) -> np.ndarray:
        """Find the gallery images (Nq, Ng) that the rule hides from each query."""
        return np.array(hidden_images(rule, self.query_ids, self.query_cams, self.gallery_ids, self.gallery_cams))

    def hidden_together(self, rule: str) -> np.ndarray:
        """Find the images (Nq, Nq + Ng) that the rule hides from each query, queries as if they were in the gallery."""
        among = hidden_images(rule, self.query_ids, self.query_cams, self.query_ids, self.query_cams)
        return np.concatenate([among, self.hidden(rule)], axis=1)


def extended_measure(extras: Extras, compared: Compared) -> Measure:
    """Make a measure like :func:`rank_metrics` that refines the distances to each gallery and may add a ROC.

    The measure must be called with the distances of the given features.
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
        by_query: list[np.ndarray] | None = None,
    ) -> dict[str, float]:
        labels = Labels(query_ids, gallery_ids, query_cams, gallery_cams)
        columns = np.arange(len(gallery_ids)) if columns is None else columns
        if extras.expansion or extras.reranking:
            distance = compared.refined(extras, labels, rule, columns)
        else:
            distance = distance[:, columns]
        shown = labels.of(slice(None), columns)
        metrics = rank_metrics(
            *(distance, *shown, rule, unique_ids, ranks), recall_shares=recall_shares, by_query=by_query
        )
        return metrics | (roc_metrics(distance, *shown, rule) if extras.roc else {})

    return measure
