"""Evaluator for fast-reid of all protocols: it gathers the features once, and ranks them as a protocol requires."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any, cast

import numpy as np
import torch
from fastreid.data.datasets.bases import ImageDataset
from fastreid.evaluation import DatasetEvaluator
from fastreid.utils import comm
from torch import Tensor
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError, require_choice
from fastreid_mm.common.read_image import PixelRule
from fastreid_mm.data.items import Item, as_items, field
from fastreid_mm.evaluation.distances import METRICS, pairwise_distance
from fastreid_mm.evaluation.extras import Compared
from fastreid_mm.evaluation.hidden_images import JUNK, is_junk
from fastreid_mm.evaluation.measure import Distances
from fastreid_mm.evaluation.protocol import Protocol
from fastreid_mm.evaluation.query_scores import QueryScores
from fastreid_mm.evaluation.results import Settings
from fastreid_mm.evaluation.side import Distance, Ranking, Side
from fastreid_mm.protocols.extras import configured_extras

FIELDS = {"cameras": "camid", "scenes": "scene", "numbers": "number"}
"""Fields of items by the names that a protocol has for them."""


class FeatureCollector(DatasetEvaluator):
    """Collector of the features that fast-reid's ``inference_on_dataset`` makes."""

    def __init__(self) -> None:
        self._collected: list[Tensor] = []

    def reset(self) -> None:
        """Delete the collected features."""
        self._collected = []

    def process(self, inputs: dict, outputs: Tensor) -> None:
        """Collect the features of a batch."""
        self._collected.append(outputs.float().cpu())

    def evaluate(self) -> Any:
        """Gather the features (N, D) of all processes, in the order of the loader, on the first; None on the others."""
        gathered = comm.gather(self._collected)
        return torch.cat(list(chain.from_iterable(gathered))) if comm.is_main_process() else None


class RetrievalEvaluator(FeatureCollector):
    """Evaluator that gathers the features of a test set and ranks them by a protocol.

    Args:
        cfg: the config; ``TEST.METRIC`` is the distance unless :attr:`distance` is set, ``TEST.RANKS`` replaces the
            protocol's ranks, and :func:`configured_extras` reads the rest.
        dataset: the data set, with ``query`` and ``gallery`` in the order of the loader.
        protocol: the protocol.

    Raises:
        InputError: the metric is unknown, or an item lacks a field that the protocol needs.
    """

    recall_shares = 0
    """Number of shares of recall of the precision-recall curve of each setting; 0 for results without it."""

    def __init__(self, cfg: CfgNode, dataset: ImageDataset, protocol: Protocol) -> None:
        super().__init__()
        self.name, self.protocol = type(dataset).__name__, protocol
        self.nobody = {JUNK, *getattr(dataset, "_junk_pids", ())}
        """Identities of nobody, such as Market-1501's distractors: their queries are left out, but in the gallery their
        images are wrong answers."""
        self.query = [item._replace(pid=JUNK) if item.pid in self.nobody else item for item in as_items(dataset.query)]
        self.gallery = as_items(dataset.gallery)
        self._require_fields()
        self.ranks = tuple(cfg.TEST.RANKS) or protocol.ranks
        require_choice("TEST.METRIC", cfg.TEST.METRIC, METRICS)
        self.metric = cfg.TEST.METRIC
        self.pixels = PixelRule.from_cfg(cfg)
        """Rule for reading the images of pictures."""
        self.distance: Distance = self.plain_distance
        """Distance of features; the trainer sets the model's."""
        self.device = "cpu"
        """Device on which features are compared; the trainer sets the model's."""
        self.plain_features: Callable[[Tensor], Tensor] = lambda features: features
        """Function from features to ones that may be averaged; the trainer sets the model's."""
        self.extras = configured_extras(cfg)
        self.features: Tensor | None = None
        self.query_scores: dict[str, QueryScores] = {}
        """Scores of single queries by setting, after :meth:`evaluate`."""

    def _require_fields(self) -> None:
        for name in {*self.protocol.goes_by} & {*FIELDS}:
            lacking = next((item for item in self.query + self.gallery if getattr(item, FIELDS[name]) is None), None)
            if lacking is not None:
                raise InputError(
                    f"test set {self.name}: {lacking.img_path} has no {FIELDS[name]}, and "
                    f"{type(self.protocol).__name__} goes by {name}"
                )

    @property
    def gallery_source(self) -> str:
        """Gallery source of the protocol, which is part of every result."""
        return self.protocol.gallery_source

    def plain_distance(self, query: Tensor, gallery: Tensor) -> Tensor:
        """Compute the distances (Nq, Ng) of features (Nq, D) and (Ng, D) by ``TEST.METRIC``."""
        return pairwise_distance(query, gallery, self.metric)

    def evaluate(self) -> Settings:
        """Gather the features of all processes and rank; empty on all processes but the first."""
        self.features = super().evaluate()  # (Nq + Ng, D)
        self.query_scores = {}
        return {} if self.features is None else self.ranked(self.features, self.query_scores)

    def ranked(self, features: Tensor, by_query: dict[str, QueryScores] | None = None) -> Settings:
        """Rank features by the protocol with the model's distance and the extras, compared on :attr:`device`.

        Args:
            features: (Nq + Ng, D), query first.
            by_query: receives the scores of every query by setting.
        """
        compared, refines = self._compared(), self.extras.expansion or self.extras.reranking

        def refine(ranking: Ranking, rule: str) -> Distances:
            return compared.refined(self.extras, ranking, rule)

        with self._named():
            return self.protocol.evaluate(
                *self.sides(features.to(self.device)),
                self.distance,
                self.ranks,
                refine if refines else None,
                roc=self.extras.roc,
                recall_shares=self.recall_shares,
                by_query=by_query,
            )

    def chance(self) -> Settings:
        """Rank random features by the protocol, without extras."""
        random = torch.randn(len(self.query) + len(self.gallery), 16, generator=torch.Generator().manual_seed(0))
        with self._named():
            return self.protocol.evaluate(
                *self.sides(random), self.plain_distance, self.ranks, recall_shares=self.recall_shares
            )

    def metrics(self) -> dict[str, list[str]]:
        """Name the metrics of every setting, without features: all galleries are drawn, and nothing is ranked.

        Raises:
            InputError: the test set does not fit its protocol; names the set.
        """
        with self._named():
            return self.protocol.metrics(*self.sides(), self.ranks)

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Let an error name the test set."""
        try:
            yield
        except InputError as error:
            raise InputError(f"test set {self.name}: {error}") from None

    def _compared(self) -> Compared:
        return Compared(self.distance, self.plain_features, self.metric)

    def side(self, items: list[Item], features: Tensor | None = None) -> Side:
        """Make a side of a ranking from items with features (N, D), or without any."""
        arrays = {name: field(items, FIELDS[name]) for name in self.protocol.goes_by if name in FIELDS}
        labels = {"ids": field(items, "pid"), "paths": field(items, "img_path")}
        return self.protocol.side(torch.empty(len(items), 0) if features is None else features, arrays | labels)

    def sides(self, features: Tensor | None = None) -> tuple[Side, Side]:
        """Make query and gallery with their labels from features (Nq + Ng, D), query first, or without any."""
        if features is None:
            return self.side(self.query), self.side(self.gallery)
        query, gallery = features[: len(self.query)], features[len(self.query) :]
        return self.side(self.query, query), self.side(self.gallery, gallery)

    def hidden(self, query: list[Item], gallery: list[Item]) -> np.ndarray:
        """Return a mask (Nq, Ng), true where the protocol hides a gallery item from a query."""
        return self.side(query).hides(self.side(gallery), self.protocol.rule)

    def shown_distance(self, chosen: np.ndarray, shown: np.ndarray) -> Tensor:
        """Compute the distances (n, m) by which chosen queries, people, rank gallery images, given their indices."""
        query, gallery = self.sides(cast(Tensor, self.features).to(self.device))
        if not (self.extras.expansion or self.extras.reranking):
            return self.distance(query.of(chosen).features, gallery.of(shown).features).cpu()
        distances = self._compared().refined(self.extras, Ranking(query, gallery, shown).people(), self.protocol.rule)
        places = np.searchsorted(self.people(), chosen)  # among the queries without those of identity -1
        rows = torch.cat([torch.as_tensor(distances(slice(place, place + 1))).cpu() for place in places])
        found = rows.new_full((len(chosen), len(shown)), float("inf"))
        found[:, torch.as_tensor(~is_junk(gallery.ids[shown]))] = rows
        return found

    def people(self) -> np.ndarray:
        """Return the indices of the queries whose identity is not -1."""
        return np.flatnonzero(~is_junk(field(self.query, "pid")))

    def shown_gallery(self) -> np.ndarray:
        """Return the indices of the gallery images that may occur in pictures of ranked lists."""
        return self.protocol.shown_gallery(self.side(self.gallery))
