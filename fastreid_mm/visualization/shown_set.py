"""Test sets with every image's feature, shared by all pictures of a report."""

from copy import copy
from typing import Any, NamedTuple, cast

from fastreid.data.datasets.bases import ImageDataset
from fastreid.evaluation import inference_on_dataset
from torch import Tensor, nn
from yacs.config import CfgNode

from fastreid_mm.data.build import build_test_loader
from fastreid_mm.data.device_loader import DeviceLoader
from fastreid_mm.data.items import Item
from fastreid_mm.engine.testing import run_tests
from fastreid_mm.evaluation.results import Results, Settings
from fastreid_mm.modeling.contract import as_meta_architecture
from fastreid_mm.modeling.tested_network import TestedNetwork
from fastreid_mm.protocols import RetrievalEvaluator, build_evaluator
from fastreid_mm.protocols.evaluator import FeatureCollector
from fastreid_mm.settings.load import with_values
from fastreid_mm.visualization.before_training import network_before_training


class ShownSet(NamedTuple):
    """Test set after its test, with what pictures are made of."""

    cfg: CfgNode
    """Config of the test."""
    model: nn.Module
    """Model that was tested."""
    dataset: ImageDataset
    """Data set of the test."""
    evaluator: RetrievalEvaluator
    """Evaluator with the features of all images."""
    untrained: RetrievalEvaluator | None = None
    """Evaluator with the features that the network gave before training; None if they are not available."""

    @property
    def items(self) -> list[Item]:
        """Query items, then gallery items, as the features are."""
        return self.evaluator.query + self.evaluator.gallery

    @property
    def features(self) -> Tensor:
        """Features (Nq + Ng, D) of the query and gallery images."""
        return cast(Tensor, self.evaluator.features)

    def loader(self, items: list[Item], batch_size: int) -> DeviceLoader:
        """Batches of some items, as the test had them."""
        subset: Any = copy(self.dataset)
        subset._query, subset._gallery = items, []
        return build_test_loader(
            with_values(self.cfg, TEST__IMS_PER_BATCH=batch_size, DATALOADER__NUM_WORKERS=0), subset
        )

    def features_by(self, model: nn.Module, items: list[Item]) -> Tensor:
        """(n, D) features that another model gives n items."""
        return inference_on_dataset(TestedNetwork(model, self.cfg), self.loader(items, 64), FeatureCollector())


def shown_sets(cfg: CfgNode, model: nn.Module) -> tuple[dict[str, Results], list[ShownSet]]:
    """Test on ``DATASETS.TESTS``, and keep what the pictures need.

    Returns:
        The results of :func:`run_tests`, of the untrained network if it can be built, and of chance, by these names;
        and each test set.

    Raises:
        InputError: a test set cannot be read, or does not fit its protocol.
    """
    shown: list[ShownSet] = []

    def build_kept(cfg: CfgNode, dataset: ImageDataset) -> RetrievalEvaluator:
        shown.append(ShownSet(cfg, model, dataset, build_evaluator(cfg, dataset)))
        return shown[-1].evaluator

    results = {"trained": run_tests(with_values(cfg, TEST__RANKED_LISTS=0), model, build_kept)}
    before = network_before_training(cfg)
    if before is not None:
        shown = [each._replace(untrained=_with_features(each, before)) for each in shown]
        named = zip(cfg.DATASETS.TESTS, shown)
        results["untrained"] = {name: _ranked(each.untrained) for name, each in named if each.untrained}
    chance = {name: each.evaluator.chance() for name, each in zip(cfg.DATASETS.TESTS, shown)}
    return results | {"chance": chance}, shown


def _with_features(shown: ShownSet, model: nn.Module) -> RetrievalEvaluator:
    """Copy an evaluator, with the features and the distance of another model."""
    other = copy(shown.evaluator)
    other.features = shown.features_by(model, shown.items)
    other.distance = as_meta_architecture(model, shown.cfg.TEST.METRIC).pairwise_distance
    return other


def _ranked(evaluator: RetrievalEvaluator) -> Settings:
    return evaluator.ranked(cast(Tensor, evaluator.features))
