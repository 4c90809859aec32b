"""fast-reid's evaluator of every protocol: each image's feature once, then as many rankings as a protocol has."""

from collections.abc import Callable
from functools import partial
from itertools import chain
from typing import cast

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
from fastreid_mm.evaluation.extras import Compared, Measure, extended_measure
from fastreid_mm.evaluation.hidden_images import JUNK, hidden_images, is_junk
from fastreid_mm.evaluation.protocol import Protocol
from fastreid_mm.evaluation.rank_metrics import rank_metrics
from fastreid_mm.evaluation.results import Settings
from fastreid_mm.evaluation.side import Distance, MeasureOf, Side
from fastreid_mm.protocols.extras import configured_extras

FIELDS = {"cameras": "camid", "scenes": "scene", "numbers": "number"}
"""What a protocol goes by to the field of an item that says it."""


class FeatureCollector(DatasetEvaluator):
    """Gathers the features that fast-reid's ``inference_on_dataset`` makes."""

    def __init__(self) -> None:
        self._collected: list[Tensor] = []

    def reset(self) -> None:
        """Forget what was collected."""
        self._collected = []

    def process(self, inputs: dict, outputs: Tensor) -> None:
        """Collect the features of a batch."""
        self._collected.append(outputs.float().cpu())

    def gathered(self) -> Tensor | None:
        """(N, D) features of all processes, in the order of the loader, on the first one; None on the others."""
        gathered = comm.gather(self._collected)
        return torch.cat(list(chain.from_iterable(gathered))) if comm.is_main_process() else None


class RetrievalEvaluator(FeatureCollector):
    """Gathers the features of a test set, and ranks them by a protocol.

    Args:
        cfg: the config; ``TEST.METRIC`` is the distance unless :attr:`distance` is given another, ``TEST.RANKS`` takes
            the place of the protocol's ranks; what it asks for beyond them: :func:`configured_extras`.
        dataset: with ``query`` and ``gallery``, in the order of the loader.
        protocol: the rules.

    Raises:
        InputError: an unknown metric, what :func:`configured_extras` raises, or an item lacks what the protocol goes
            by.
    """

    recall_shares = 0
    """Into how many shares of recall the precision-recall curve of a setting is divided; 0 for results without it."""

    def __init__(self, cfg: CfgNode, dataset: ImageDataset, protocol: Protocol) -> None:
        super().__init__()
        self.name, self.protocol = type(dataset).__name__, protocol
        self.nobody = {JUNK, *getattr(dataset, "_junk_pids", ())}
        """Identities that are nobody's, Market-1501's distractors among them: their queries become junk, while in the
        gallery they stay wrong answers."""
        self.query = [item._replace(pid=JUNK) if item.pid in self.nobody else item for item in as_items(dataset.query)]
        self.gallery = as_items(dataset.gallery)
        self._require_fields()
        self.ranks = tuple(cfg.TEST.RANKS) or protocol.ranks
        require_choice("TEST.METRIC", cfg.TEST.METRIC, METRICS)
        self.metric = cfg.TEST.METRIC
        self.pixels = PixelRule.from_cfg(cfg)
        """How the images of pictures are read."""
        self.distance: Distance = self.plain_distance
        """How features are compared; the trainer puts the model's own way here."""
        self.plain_features: Callable[[Tensor], Tensor] = lambda features: features
        """Features to those that may be averaged, likewise the model's."""
        self.extras = configured_extras(cfg)
        self.features: Tensor | None = None

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
        """How galleries come about; part of every result."""
        return self.protocol.gallery_source

    def plain_distance(self, query: Tensor, gallery: Tensor) -> Tensor:
        """(Nq, D) and (Ng, D) features to (Nq, Ng) distances by ``TEST.METRIC``."""
        return pairwise_distance(query, gallery, self.metric)

    def evaluate(self) -> Settings:
        """Gather the features of all processes and rank; empty on all processes but the first."""
        self.features = self.gathered()  # (Nq + Ng, D)
        return {} if self.features is None else self.ranked(self.features)

    def ranked(self, features: Tensor) -> Settings:
        """(Nq + Ng, D) features, query first, to the protocol's results by the model's distance, with the extras."""
        return self._rank(features, self.distance, self._extended if any(self.extras) else self._plain)

    def chance(self) -> Settings:
        """What features that know nothing reach, by the protocol alone."""
        random = torch.randn(len(self.query) + len(self.gallery), 16, generator=torch.Generator().manual_seed(0))
        return self._rank(random, self.plain_distance, self._plain)

    def metrics(self) -> dict[str, list[str]]:
        """Name the metrics of every setting, without features: all galleries are drawn, and nothing is ranked.

        Raises:
            InputError: what is wrong with the test set, which it names.
        """
        try:
            return self.protocol.metrics(*self.sides(), self.ranks)
        except InputError as error:
            raise InputError(f"test set {self.name}: {error}") from None

    def _rank(self, features: Tensor, distance: Distance, measure_of: MeasureOf) -> Settings:
        try:
            return self.protocol.evaluate(*self.sides(features), distance, self.ranks, measure_of)
        except InputError as error:
            raise InputError(f"test set {self.name}: {error}") from None

    def _plain(self, query: Side, gallery: Side) -> Measure:
        return partial(rank_metrics, recall_shares=self.recall_shares)

    def _extended(self, query: Side, gallery: Side) -> Measure:
        """The measure with the extras that the config asks for."""
        return partial(extended_measure(self.extras, self._compared(query, gallery)), recall_shares=self.recall_shares)

    def _compared(self, query: Side, gallery: Side) -> Compared:
        return Compared(query.features, gallery.features, self.distance, self.plain_features, self.metric)

    def side(self, items: list[Item], features: Tensor | None = None) -> Side:
        """Items with (N, D) features, or without any, as the protocol takes them."""
        arrays = {name: field(items, FIELDS[name]) for name in self.protocol.goes_by if name in FIELDS}
        labels = {"ids": field(items, "pid"), "paths": field(items, "img_path")}
        return self.protocol.side(torch.empty(len(items), 0) if features is None else features, arrays | labels)

    def sides(self, features: Tensor | None = None) -> tuple[Side, Side]:
        """(Nq + Ng, D) features, query first, or none, to query and gallery with their labels."""
        if features is None:
            return self.side(self.query), self.side(self.gallery)
        query, gallery = features[: len(self.query)], features[len(self.query) :]
        return self.side(self.query, query), self.side(self.gallery, gallery)

    def hidden(self, query: list[Item], gallery: list[Item]) -> np.ndarray:
        """(Nq, Ng) bool: which of some items the protocol hides from which query."""
        labels = self.side(query).labels_with(self.side(gallery))
        return hidden_images(
            self.protocol.rule, labels.query_ids, labels.query_cams, labels.gallery_ids, labels.gallery_cams
        )

    def shown_distance(self, chosen: np.ndarray, shown: np.ndarray) -> Tensor:
        """(n, m) distances of chosen queries to gallery images as they are ranked, of indices of both."""
        query, gallery = self.sides(cast(Tensor, self.features))
        if not (self.extras.expansion or self.extras.reranking):
            return self.distance(query.of(chosen).features, gallery.of(shown).features)
        refined = self._compared(query, gallery).refined(
            self.extras, query.labels_with(gallery), self.protocol.rule, shown
        )
        return refined[torch.as_tensor(chosen)]

    def people(self) -> np.ndarray:
        """Indices of the queries that are somebody's."""
        return np.flatnonzero(~is_junk(field(self.query, "pid")))

    def shown_gallery(self) -> np.ndarray:
        """Indices of the gallery images that pictures of ranked lists draw from."""
        return self.protocol.shown_gallery(self.side(self.gallery))
