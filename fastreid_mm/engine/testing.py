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
from fastreid_mm.evaluation.results import Results, Settings
from fastreid_mm.modeling.contract import as_meta_architecture
from fastreid_mm.modeling.flip_testing import FlipTesting
from fastreid_mm.protocols import RetrievalEvaluator, build_evaluator, corrupted_results, draw_ranked_lists

logger = logging.getLogger("fastreid.mm")

EvaluatorBuilder = Callable[[CfgNode, ImageDataset], RetrievalEvaluator]
"""Makes the evaluator of a config and a data set, as :func:`fastreid_mm.protocols.build_evaluator` does."""


def check_test_sets(cfg: CfgNode, build: EvaluatorBuilder, lists: dict[str, str] | None = None) -> Results:
    """Run every test protocol on random features, and return what they reach: chance.

    Args:
        cfg: the config.
        build: makes the evaluators.
        lists: takes the :func:`list_checksum` of every data set.
    """
    results = {}
    for name in cfg.DATASETS.TESTS:
        dataset = build_dataset(cfg, name)
        _list(dataset, name, lists)
        evaluator = build(cfg, dataset)
        if comm.is_main_process():
            dataset.show_test()
            results[name] = _with_gallery(evaluator.chance(), evaluator)
    return results


def run_tests(
    cfg: CfgNode,
    model: nn.Module,
    build: EvaluatorBuilder = build_evaluator,
    notes: Mapping[str, str] | None = None,
    lists: dict[str, str] | None = None,
) -> Results:
    """Test on ``DATASETS.TESTS``, and write a table of the results to the log.

    Args:
        cfg: the config.
        model: may be wrapped for several processes.
        build: makes the evaluators.
        notes: texts to be part of all results.
        lists: takes the :func:`list_checksum` of every data set.

    Returns:
        Data set to setting to metrics in percent, on the first process; empty on the others. "gallery" says how
        galleries were drawn, "re-ranking" and "query expansion" what was done beyond the protocol. With
        ``TEST.CORRUPTION`` also what :func:`corrupted_results` adds.
    """
    share_buffers(model)
    model, results = unwrap(model), {}
    tested, asked = FlipTesting(model, cfg.TEST.FLIP.ENABLED), as_meta_architecture(model, cfg.TEST.METRIC)
    if asked.remark and comm.is_main_process():
        logger.info(asked.remark)
    for name in cfg.DATASETS.TESTS:
        dataset = build_dataset(cfg, name)
        _list(dataset, name, lists)
        evaluator = build(cfg, dataset)
        evaluator.distance, evaluator.plain_features = asked.pairwise_distance, asked.plain_features
        loader = build_test_loader(cfg, dataset)
        found = inference_on_dataset(tested, loader, evaluator)
        if comm.is_main_process():
            results[name] = _with_notes(found, evaluator, notes or {})
            if cfg.TEST.RANKED_LISTS:
                draw_ranked_lists(
                    evaluator, os.path.join(cfg.OUTPUT_DIR, f"ranked_lists_{name}.png"), cfg.TEST.RANKED_LISTS
                )
        if cfg.TEST.CORRUPTION.ENABLED:
            corrupted = corrupted_results(cfg, tested, dataset, evaluator)
            results |= {part: _with_notes(found, evaluator, notes or {}) for part, found in corrupted.items()}
    if results:
        log_results({"": results})
    return results


def _with_notes(found: Settings, evaluator: RetrievalEvaluator, notes: Mapping[str, str]) -> Settings:
    noted = {setting: {**metrics, **evaluator.extras.notes(), **notes} for setting, metrics in found.items()}
    return _with_gallery(noted, evaluator)


def _list(dataset: ImageDataset, name: str, lists: dict[str, str] | None) -> None:
    if lists is not None:
        lists[name] = list_checksum([*dataset.query, *dataset.gallery])


def _with_gallery(found: Settings, evaluator: RetrievalEvaluator) -> Settings:
    return {setting: {**metrics, "gallery": evaluator.gallery_source} for setting, metrics in found.items()}
