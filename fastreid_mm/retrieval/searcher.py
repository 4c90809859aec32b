"""Search in an index that was opened with the model that has made it."""

import math
import sys
from collections.abc import Sequence

import numpy as np
from torch import Tensor

from fastreid_mm.common.errors import InputError
from fastreid_mm.inference.predictor import Predictor
from fastreid_mm.retrieval.answers import Match
from fastreid_mm.retrieval.metadata import meeting
from fastreid_mm.retrieval.open_index import model_space, open_index
from fastreid_mm.retrieval.search import scan, search

_QUERIES = 1024
"""Number of queries that are compared at a time."""


class Searcher:
    """Search engine over an index.

    >>> searcher = Searcher("gallery.index", predictor)  # doctest: +SKIP
    >>> searcher.search(predictor.features(["night/1.jpg"], "infrared"), top=10)  # doctest: +SKIP

    Args:
        location: the location of the index, see :func:`~fastreid_mm.retrieval.open_index.open_index`.
        predictor: the predictor, with the config and the checkpoint that made the index.
        candidates, effort: see :func:`~fastreid_mm.retrieval.search.search` and ``open_index``.
        where: conditions on the metadata of images, "camera=3" or "time>=2021-05-03"
            (:class:`~fastreid_mm.retrieval.metadata.Condition`). Only images that meet all are compared, each with
            every query.

    Raises:
        InputError: there is no index, it cannot be used, it is another model's, it is empty, or no image meets the
            conditions.
    """

    def __init__(
        self,
        location: str,
        predictor: Predictor,
        candidates: int = 0,
        effort: str = "",
        where: Sequence[str] = (),
    ) -> None:
        self.index = open_index(location, predictor, effort=effort)
        if not len(self.index):
            raise InputError(f"the index {location} is empty")
        if self.index.waiting:
            print(f"{location}: {self.index.waiting} images more, repeat index_gallery to add them", file=sys.stderr)
        self._predictor, self._space, self._candidates = predictor, model_space(predictor), candidates
        self._within = meeting(self.index.members()[: len(self.index)], where) if where else None
        self._cosine = predictor.cfg.TEST.METRIC == "cosine"

    def search(self, features: Tensor, top: int) -> list[list[Match]]:
        """Find the ``top`` nearest images of each of (Nq, D) features, the nearest first.

        A score is the cosine, or the negative distance if ``TEST.METRIC`` is "euclidean". Images that have no modality
        in common with a query cannot be compared with it and are left out.
        """
        answers = []
        for query in features.split(_QUERIES):
            compared = self.index, self._space, self._predictor.distance, query, top
            ranked = search(*compared, self._candidates) if self._within is None else scan(*compared, self._within)
            for places, distances in zip(ranked.places, ranked.distances):
                finite = [distance for distance in distances.tolist() if math.isfinite(distance)]
                members = self.index.members_at(places[: len(finite)])
                answers.append(
                    [
                        Match(name, self._score(far), source, metadata)
                        for (name, source, metadata), far in zip(members, finite)
                    ]
                )
        return answers

    def recall(self, features: Tensor, top: int) -> float:
        """Measure the share of the exact ``top`` nearest images, by a full comparison, that :meth:`search` proposes."""
        arguments = self.index, self._space, self._predictor.distance, features, top
        if self._within is not None:
            return 1.0  # all are compared
        pairs = zip(search(*arguments, self._candidates).places, scan(*arguments).places)
        return float(np.mean([np.isin(best, proposed).mean() for proposed, best in pairs]))

    def _score(self, distance: float) -> float:
        return 1 - distance if self._cosine else -distance
