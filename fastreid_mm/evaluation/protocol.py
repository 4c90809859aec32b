"""The rules of a benchmark in one class: which galleries are ranked for which queries, and what is counted."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from torch import Tensor

from fastreid_mm.common.errors import InputError
from fastreid_mm.evaluation.hidden_images import is_junk
from fastreid_mm.evaluation.measure import Distances, Measure, measure_blocks
from fastreid_mm.evaluation.query_scores import QueryScores
from fastreid_mm.evaluation.rank_metrics import RankScores, metric_names
from fastreid_mm.evaluation.results import Metrics, Settings, mean_metrics
from fastreid_mm.evaluation.roc import RocCounts
from fastreid_mm.evaluation.side import Distance, Ranking, Side

Refine = Callable[[Ranking, str], Distances]
"""Ranking of people alone, and the rule, to its refined distances."""


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

        Distances are computed once for consecutive rankings of the same two sides. The features may have no values:
        everything follows from labels.

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
        distance: Distance,
        ranks: Sequence[int] = (),
        refine: Refine | None = None,
        *,
        roc: bool = False,
        recall_shares: int = 0,
        by_query: dict[str, QueryScores] | None = None,
    ) -> Settings:
        """Rank all galleries of every setting, some queries at a time.

        Args:
            query: what the data set has as such.
            gallery: likewise.
            distance: (n, D) features of some queries and (Ng, D) ones to (n, Ng) distances; it need not be symmetric.
            ranks: the k of each Rank-k; none for the protocol's own.
            refine: what takes the place of the distances, gallery by gallery.
            roc: whether to add :func:`~fastreid_mm.evaluation.roc_metrics`.
            recall_shares: see :func:`~fastreid_mm.evaluation.rank_metrics`.
            by_query: receives the scores of every query by setting.

        Returns:
            Setting to metric to percent, the mean over the setting's galleries.

        Raises:
            InputError: what :meth:`rankings` and the metrics raise.
        """
        settings = self.rankings(query, gallery)
        found: dict[str, list[tuple[Metrics, np.ndarray, np.ndarray]]] = defaultdict(list)
        for group in _together(settings, alone=refine is not None):
            ranking = whole = group[0][1]
            if refine:
                ranking = whole.people()
                group, distances = [(group[0][0], ranking)], refine(ranking, self.rule)
            else:
                distances = _compared(ranking, distance)
            measures: list[tuple[RankScores, list[Measure]]] = []
            for setting, each in group:
                with _named(settings, setting):
                    scores = RankScores(each, self.rule, self.unique_ids, ranks or self.ranks, recall_shares)
                    measures.append((scores, [RocCounts(each, self.rule)] if roc else []))
            with _named(settings, *dict.fromkeys(setting for setting, _ in group)):
                sizes = len(ranking.query.ids), len(ranking.gallery.ids)
                measure_blocks([each for scored, more in measures for each in (scored, *more)], distances, *sizes)
            for (setting, _), (scored, more) in zip(group, measures):
                with _named(settings, setting):
                    metrics = {name: value for each in (scored, *more) for name, value in each.metrics().items()}
                ids = whole.query.ids
                found[setting].append((metrics, ids, _of_everyone(scored.by_query(), ids)))
        results = {}
        for setting in settings:
            of_galleries, ids_of_each, scores_of_each = zip(*found[setting])
            if by_query is not None:
                by_query[setting] = QueryScores.gather(ids_of_each, scores_of_each)
            means = mean_metrics(of_galleries)
            results[setting] = {name: value for name, value in means.items() if self._reports(name)}
        return results

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
        found, settings = {}, self.rankings(query, gallery)
        for setting, rankings in settings.items():
            with _named(settings, setting):
                names = [metric_names(each, self.rule, ranks or self.ranks) for each in rankings]
            found[setting] = [
                name for name in names[0] if self._reports(name) and all(name in others for others in names)
            ]
        return found

    def _reports(self, name: str) -> bool:
        return self.counts_queries or name != "valid_queries"


def _compared(ranking: Ranking, distance: Distance) -> Distances:
    return lambda rows: distance(ranking.query.features[rows], ranking.gallery.features)


def _of_everyone(scores: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Give the scores (n, 3) of people alone the rows of all queries, whose identities (Nq,) are given."""
    if len(scores) == len(ids):
        return scores
    everyone = np.full((len(ids), 3), np.nan, dtype=scores.dtype)
    everyone[~is_junk(ids)] = scores
    return everyone


def _together(settings: Mapping[str, Iterable[Ranking]], alone: bool) -> Iterator[list[tuple[str, Ranking]]]:
    """Group consecutive rankings of the same two sides, with the names of their settings; or each alone."""
    group: list[tuple[str, Ranking]] = []
    for setting, rankings in settings.items():
        drawn = iter(rankings)
        while True:
            with _named(settings, setting):
                ranking = next(drawn, None)
            if ranking is None:
                break
            if group and (alone or any(now is not then for now, then in zip(ranking[:2], group[0][1][:2]))):
                yield group
                group = []
            group.append((setting, ranking))
    yield group


@contextmanager
def _named(settings: Mapping, *names: str) -> Iterator[None]:
    """Let an error name the settings where there are several."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{', '.join(names)}: {error}" if len(settings) > 1 else str(error)) from None
