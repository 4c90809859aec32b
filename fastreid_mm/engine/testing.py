"""Tests of a model on all test sets of a config."""

import logging
import os
from collections.abc import Callable, Mapping

from fastreid.data.datasets.bases import ImageDataset
from fastreid.evaluation import inference_on_dataset
from fastreid.utils import comm
from torch import nn
from yacs.config import CfgNode

from fastreid_mm.data.build import build_dataset, build_test_loader
from fastreid_mm.engine.distributed import share_buffers, unwrap
from fastreid_mm.engine.record import list_checksum
from fastreid_mm.engine.report import log_results
from fastreid_mm.evaluation.query_scores import QueryScores
from fastreid_mm.evaluation.results import Results, Settings
from fastreid_mm.modeling.contract import as_meta_architecture
from fastreid_mm.modeling.tested_network import TestedNetwork
from fastreid_mm.protocols import RetrievalEvaluator, build_evaluator, corrupted_results, draw_ranked_lists

logger = logging.getLogger("fastreid.mm")

EvaluatorBuilder = Callable[[CfgNode, ImageDataset], RetrievalEvaluator]
"""Function that makes the evaluator of a config and a data set, like :func:`fastreid_mm.protocols.build_evaluator`."""


def check_test_sets(
    cfg: CfgNode, build: EvaluatorBuilder, lists: dict[str, str] | None = None
) -> dict[str, dict[str, list[str]]]:
    """Draw the galleries of every test set, without ranking them.

    Args:
        lists: receives the :func:`list_checksum` of every data set.

    Returns:
        The names of the metrics that a test will give, by data set and setting, on the first process.

    Raises:
        InputError: a test set cannot be read, or does not fit its protocol.
    """
    names = {}
    for name in cfg.DATASETS.TESTS:
        dataset = build_dataset(cfg, name)
        _list(dataset, name, lists)
        evaluator = build(cfg, dataset)
        if comm.is_main_process():
            dataset.show_test()
            names[name] = evaluator.metrics()
    return names


def chance_results(cfg: CfgNode, build: EvaluatorBuilder) -> Results:
    """Rank random features by every test set's protocol."""
    evaluators = {name: build(cfg, build_dataset(cfg, name)) for name in cfg.DATASETS.TESTS}
    return {name: _with_gallery(evaluator.chance(), evaluator) for name, evaluator in evaluators.items()}


def run_tests(
    cfg: CfgNode,
    model: nn.Module,
    build: EvaluatorBuilder = build_evaluator,
    notes: Mapping[str, str] | None = None,
    lists: dict[str, str] | None = None,
    scores: dict[str, QueryScores] | None = None,
) -> Results:
    """Test on ``DATASETS.TESTS``, and write a table of the results to the log.

    Args:
        model: the model, which may be wrapped for several processes.
        notes: texts to be part of all results.
        lists: receives the :func:`list_checksum` of every data set.
        scores: receives the scores of single queries by data set and setting, ``DATASET/SETTING``, of clean images.

    Returns:
        Metrics in percent by data set and setting, on the first process; empty on the others. "gallery" names the
        gallery source, "re-ranking" and "query expansion" describe refinements beyond the protocol, "precision" one
        other than float32. With
        ``TEST.CORRUPTION`` there are also the results of :func:`corrupted_results`.
    """
    share_buffers(model)
    model, results = unwrap(model), {}
    tested, architecture = TestedNetwork(model, cfg), as_meta_architecture(model, cfg.TEST.METRIC)
    if architecture.remark and comm.is_main_process():
        logger.info(architecture.remark)
    for name in cfg.DATASETS.TESTS:
        dataset = build_dataset(cfg, name)
        _list(dataset, name, lists)
        evaluator = build(cfg, dataset)
        evaluator.distance, evaluator.plain_features = architecture.pairwise_distance, architecture.plain_features
        evaluator.device = cfg.MODEL.DEVICE
        loader = build_test_loader(cfg, dataset)
        settings = inference_on_dataset(tested, loader, evaluator)
        noted = {**(notes or {}), **tested.note}
        if comm.is_main_process():
            results[name] = _with_notes(settings, evaluator, noted)
            if scores is not None:
                scores |= {f"{name}/{setting}": each for setting, each in evaluator.query_scores.items()}
            if cfg.TEST.RANKED_LISTS:
                draw_ranked_lists(
                    evaluator, os.path.join(cfg.OUTPUT_DIR, f"ranked_lists_{name}.png"), cfg.TEST.RANKED_LISTS
                )
        if cfg.TEST.CORRUPTION.ENABLED:
            corrupted = corrupted_results(cfg, tested, dataset, evaluator)
            results |= {part: _with_notes(measured, evaluator, noted) for part, measured in corrupted.items()}
    if results:
        log_results({"": results})
    return results


def _with_notes(settings: Settings, evaluator: RetrievalEvaluator, notes: Mapping[str, str]) -> Settings:
    noted = {setting: {**metrics, **evaluator.extras.notes(), **notes} for setting, metrics in settings.items()}
    return _with_gallery(noted, evaluator)


def _list(dataset: ImageDataset, name: str, lists: dict[str, str] | None) -> None:
    if lists is not None:
        lists[name] = list_checksum([*dataset.query, *dataset.gallery])


def _with_gallery(settings: Settings, evaluator: RetrievalEvaluator) -> Settings:
    return {setting: {**metrics, "gallery": evaluator.gallery_source} for setting, metrics in settings.items()}
