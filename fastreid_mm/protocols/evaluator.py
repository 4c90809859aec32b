"""What the evaluators of all protocols share: every image's feature once, then as many rankings as a protocol has."""

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

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.read_image import PixelRule
from fastreid_mm.evaluation.distances import pairwise_distance
from fastreid_mm.evaluation.extras import Compared, Labels, Measure, extended_measure
from fastreid_mm.evaluation.hidden_images import JUNK, is_junk
from fastreid_mm.evaluation.rank_metrics import rank_metrics
from fastreid_mm.evaluation.results import Metrics, Settings
from fastreid_mm.evaluation.side import Distance, Side
from fastreid_mm.protocols.extras import configured_extras


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
    """Gathers features, and ranks them by a protocol.

    A protocol derives from it, says which images it hides, and turns features into results in :meth:`rank`.

    Args:
        cfg: the config; ``TEST.METRIC`` is the distance unless :attr:`distance` is given another, ``TEST.RANKS`` takes
            the place of the protocol's ranks; what it asks for beyond them: :func:`configured_extras`.
        dataset: with ``query`` and ``gallery``, in the order of the loader.
    """

    ranks: tuple[int, ...] = (1, 10, 20)
    """The k of each Rank-k, unless the config has others."""
    recall_shares = 0
    """Into how many shares of recall the precision-recall curve of a setting is divided; 0 for results without it."""
    rule: str
    """Which images a query must not see, see :mod:`fastreid_mm.evaluation.hidden_images`."""
    unique_ids = False
    """Whether the CMC counts identities, each at its best image, in place of images."""
    gallery_source = "all images"
    """How galleries come about; part of every result."""

    def __init__(self, cfg: CfgNode, dataset: ImageDataset) -> None:
        super().__init__()
        self.name = type(dataset).__name__
        self.nobody = {JUNK, *getattr(dataset, "_junk_pids", ())}
        """Identities that are nobody's, Market-1501's distractors among them: their queries become junk, while in the
        gallery they stay wrong answers."""
        self.query = [(item[0], JUNK, *item[2:]) if item[1] in self.nobody else item for item in dataset.query]
        self.gallery = list(dataset.gallery)
        self.ranks = tuple(cfg.TEST.RANKS) or self.ranks
        self.metric = cfg.TEST.METRIC
        self.pixels = PixelRule.from_cfg(cfg)
        """How the images of pictures are read."""
        self.distance: Distance = self.plain_distance
        """How features are compared; the trainer puts the model's own way here."""
        self.plain_features: Callable[[Tensor], Tensor] = lambda features: features
        """Features to those that may be averaged, likewise the model's."""
        self.extras = configured_extras(cfg)
        self._compared: tuple[Tensor, Compared] | None = None
        self.features: Tensor | None = None

    def plain_distance(self, query: Tensor, gallery: Tensor) -> Tensor:
        """(Nq, D) and (Ng, D) features to (Nq, Ng) distances by ``TEST.METRIC``."""
        return pairwise_distance(query, gallery, self.metric)

    def evaluate(self) -> Settings:
        """Gather the features of all processes and rank; empty on all processes but the first."""
        self.features = self.gathered()  # (Nq + Ng, D)
        return {} if self.features is None else self.ranked(self.features)

    def ranked(self, features: Tensor) -> Settings:
        """(Nq + Ng, D) features, query first, to the protocol's results by the model's distance, with the extras."""
        return self._rank(features, self._remembered if any(self.extras) else self.distance)

    def chance(self) -> Settings:
        """What features that know nothing reach, by the protocol alone.

        It runs the whole protocol, so it also finds out what is wrong with a test set before training starts.
        """
        random = torch.randn(len(self.query) + len(self.gallery), 16, generator=torch.Generator().manual_seed(0))
        return self._rank(random, self.plain_distance)

    def _rank(self, features: Tensor, distance: Distance) -> Settings:
        """:meth:`rank`, whose errors name the data set."""
        self._compared = None
        try:
            return self.rank(features, distance)
        except InputError as error:
            raise InputError(f"test set {self.name}: {error}") from None

    def rank(self, features: Tensor, distance: Distance) -> Settings:
        """(Nq + Ng, D) features, query first, to the protocol's results."""
        raise NotImplementedError

    def measure(
        self, distance: Tensor, query: list[tuple], gallery: list[tuple], columns: np.ndarray | None = None
    ) -> Metrics:
        """(Nq, Ng) distances between two lists of data set items to metrics; of some columns of the gallery only."""
        return self.measure_of(distance)(
            distance,
            field(query, 1),
            field(gallery, 1),
            self.rule_labels(query),
            self.rule_labels(gallery),
            rule=self.rule,
            unique_ids=self.unique_ids,
            ranks=self.ranks,
            columns=columns,
        )

    def measure_of(self, distance: Tensor) -> Measure:
        """What turns a matrix of distances into metrics: :func:`rank_metrics`, with the extras the config asks for.

        Raises:
            ValueError: extras are asked for, and the matrix is not the last that the distance of :meth:`rank` gave.
        """
        if self._compared is None:
            return partial(rank_metrics, recall_shares=self.recall_shares)
        if self._compared[0] is not distance:
            raise ValueError("re-ranking and the like need the very matrix that the distance given to rank has made")
        return partial(extended_measure(self.extras, self._compared[1]), recall_shares=self.recall_shares)

    def _remembered(self, query: Tensor, gallery: Tensor) -> Tensor:
        """Distances whose features :meth:`measure_of` goes back to."""
        found = self.distance(query, gallery)
        self._compared = found, Compared(query, gallery, self.distance, self.plain_features, self.metric)
        return found

    def shown_distance(self, chosen: np.ndarray, shown: np.ndarray) -> Tensor:
        """(n, m) distances of chosen queries to gallery images as they are ranked, of indices of both."""
        query, gallery = self.split(cast(Tensor, self.features))
        if not (self.extras.expansion or self.extras.reranking):
            return self.distance(query[torch.as_tensor(chosen)], gallery[torch.as_tensor(shown)])
        sides = (self.query, self.gallery)
        labels = Labels(*(field(side, 1) for side in sides), *(self.rule_labels(side) for side in sides))
        compared = Compared(query, gallery, self.distance, self.plain_features, self.metric)
        return compared.refined(self.extras, labels, self.rule, shown)[torch.as_tensor(chosen)]

    def rule_labels(self, items: list[tuple]) -> np.ndarray:
        """(n,) what the rule compares beside identities: cameras, unless a protocol goes by another thing."""
        return field(items, 2)

    def split(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """(Nq + Ng, D) features to those of the query and those of the gallery images."""
        return features[: len(self.query)], features[len(self.query) :]

    def sides(self, features: Tensor) -> tuple[Side, Side]:
        """(Nq + Ng, D) features, query first, to query and gallery with their labels."""
        query, gallery = (
            Side(part, field(items, 1), self.rule_labels(items))
            for part, items in zip(self.split(features), (self.query, self.gallery))
        )
        return query, gallery

    def people(self) -> np.ndarray:
        """Indices of the queries that are somebody's."""
        return np.flatnonzero(~is_junk(field(self.query, 1)))

    def shown_gallery(self) -> np.ndarray:
        """Indices of the gallery images that pictures of ranked lists draw from."""
        return np.arange(len(self.gallery))


def field(items: list[tuple], index: int) -> np.ndarray:
    """One field of all data set items."""
    return np.array([item[index] for item in items])
