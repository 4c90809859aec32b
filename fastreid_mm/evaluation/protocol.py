"""The rules of a benchmark in one class: which galleries are ranked for which queries, and what is counted."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from torch import Tensor

from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation.query_scores import QueryScores
from fastreid_mm.evaluation.rank_metrics import metric_names, to_array
from fastreid_mm.evaluation.results import Metrics, Settings, mean_metrics
from fastreid_mm.evaluation.side import MeasureOf, Side, plain_measure

Found = TypeVar("Found")


class Ranking(NamedTuple):
    """Queries, and the gallery that is ranked for them."""

    query: Side
    gallery: Side
    columns: np.ndarray | None = None
    """(n,) indices of the gallery images that are ranked, in this order; None for all."""


class Protocol:
    """The rules of a benchmark. :meth:`rankings` and a few attributes say all of them.

    Examples:
        >>> class BothWays(Protocol):
        ...     rule = "market"
        ...
        ...     def rankings(self, query, gallery):
        ...         return {"there": [Ranking(query, gallery)], "back": [Ranking(gallery, query)]}
    """

    rule: str
    """Name of the rule for images hidden from a query, see :mod:`fastreid_mm.evaluation.hidden_images`."""
    goes_by: tuple[str, ...] = ("cameras",)
    """Labels that images need besides their identity: "cameras", "scenes", "numbers", "paths". The rule compares the
    first of them."""
    ranks: tuple[int, ...] = (1, 10, 20)
    """The k of each Rank-k, where nobody asks for others."""
    unique_ids = False
    """Whether the CMC counts identities, each at its best image, in place of images."""
    counts_queries = True
    """Whether results have the number of valid queries."""
    gallery_source = "all images"
    """Gallery source, which is part of every result."""

    @classmethod
    def from_cfg(cls, cfg: Any, dataset: Any) -> "Protocol":
        """Make the protocol of a data set by a config; most need neither."""
        return cls()

    def rankings(self, query: Side, gallery: Side) -> Mapping[str, Iterable[Ranking]]:
        """Draw all galleries of each setting, whose results are the mean over its rankings.

        A matrix of distances is computed once for consecutive rankings of the same two sides. The features may have no
        values: everything follows from labels.

        Args:
            query: what the data set has as such.
            gallery: likewise.

        Returns:
            Setting to rankings, which may be drawn as they are asked for.

        Raises:
            InputError: labels from which the galleries cannot be drawn.
        """
        raise NotImplementedError

    def shown_gallery(self, gallery: Side) -> np.ndarray:
        """Return indices of the gallery images that pictures of ranked lists draw from."""
        return np.arange(len(gallery.ids))

    def side(self, features: Tensor, arrays: Mapping[str, np.ndarray]) -> Side:
        """Features (N, D) with arrays (N,): "ids", those that :attr:`goes_by` names, and "paths" if there are any."""
        places = arrays[self.goes_by[0]] if self.goes_by else np.zeros(len(features))
        return Side(features, arrays["ids"], places, arrays.get("paths"), arrays.get("numbers"))

    def evaluate(
        self,
        query: Side,
        gallery: Side,
        distance: Callable[[Tensor, Tensor], Tensor | np.ndarray],
        ranks: Sequence[int] = (),
        measure_of: MeasureOf = plain_measure,
        by_query: dict[str, QueryScores] | None = None,
    ) -> Settings:
        """Rank all galleries of every setting.

        Args:
            query: what the data set has as such.
            gallery: likewise.
            distance: (Nq, D) and (Ng, D) features to (Nq, Ng) distances; it need not be symmetric.
            ranks: the k of each Rank-k; none for the protocol's own.
            measure_of: what turns distances into metrics.
            by_query: receives the scores of every query by setting.

        Returns:
            Setting to metric to percent, the mean over the setting's galleries.

        Raises:
            InputError: what :meth:`rankings` and the measure raise.
        """
        sides, matrix, measure = None, None, plain_measure(query, gallery)

        def ranked(ranking: Ranking, scores: list[np.ndarray] | None) -> Metrics:
            nonlocal sides, matrix, measure
            if sides is None or any(now is not before for now, before in zip(ranking, sides)):
                sides = ranking.query, ranking.gallery
                matrix = to_array(distance(ranking.query.features, ranking.gallery.features))
                measure = measure_of(*sides)
            labels = ranking.query.labels_with(ranking.gallery)
            more = {} if scores is None else {"by_query": scores}
            asked = ranks or self.ranks
            return measure(matrix, *labels, self.rule, self.unique_ids, asked, columns=ranking.columns, **more)

        def mean(setting: str, rankings: Iterable[Ranking]) -> Metrics:
            scores: list[np.ndarray] | None = None if by_query is None else []
            ids, metrics = [], []
            for ranking in rankings:
                metrics.append(ranked(ranking, scores))
                ids.append(ranking.query.ids)
            if by_query is not None and scores:
                by_query[setting] = QueryScores.gather(ids, scores)
            return {name: value for name, value in mean_metrics(metrics).items() if self._reports(name)}

        return self._for_each(query, gallery, mean)

    def metrics(self, query: Side, gallery: Side, ranks: Sequence[int] = ()) -> dict[str, list[str]]:
        """Tell the metrics of every setting by labels alone: all galleries are drawn, and none is ranked.

        Args:
            query: as in :meth:`evaluate`; its features may have no values.
            gallery: likewise.
            ranks: the k of each Rank-k; none for the protocol's own.

        Returns:
            Setting to names of metrics.

        Raises:
            InputError: what :meth:`evaluate` would raise of labels.
        """

        def common(setting: str, rankings: Iterable[Ranking]) -> list[str]:
            found = [
                metric_names(
                    *ranking.query.labels_with(ranking.gallery), self.rule, ranks or self.ranks, columns=ranking.columns
                )
                for ranking in rankings
            ]
            return [name for name in found[0] if self._reports(name) and all(name in names for names in found)]

        return self._for_each(query, gallery, common)

    def _for_each(
        self, query: Side, gallery: Side, work: Callable[[str, Iterable[Ranking]], Found]
    ) -> dict[str, Found]:
        """Do something with the rankings of each setting; errors name the setting where there are several."""
        found, settings = {}, self.rankings(query, gallery)
        for setting, rankings in settings.items():
            try:
                found[setting] = work(setting, rankings)
            except InputError as error:
                raise InputError(f"{setting}: {error}" if len(settings) > 1 else str(error)) from None
        return found

    def _reports(self, name: str) -> bool:
        return self.counts_queries or name != "valid_queries"
