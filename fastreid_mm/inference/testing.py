"""Tests of a network that was trained before."""

import logging

from yacs.config import CfgNode

from fastreid_mm.common.output_dir import has_checkpoint
from fastreid_mm.data.readable import require_readable
from fastreid_mm.engine.distributed import share_weights
from fastreid_mm.engine.precise_bn import precise_bn
from fastreid_mm.engine.record import log_record, run_record, save_record
from fastreid_mm.engine.report import require_expected, require_expected_form, save_results
from fastreid_mm.engine.setup import save_config, settle
from fastreid_mm.engine.testing import run_tests
from fastreid_mm.engine.tracking import track_results
from fastreid_mm.evaluation.query_scores import QueryScores
from fastreid_mm.evaluation.results import Results
from fastreid_mm.inference.trained_model import UNTRAINED, trained_model

logger = logging.getLogger("fastreid.mm")


def evaluate_only(cfg: CfgNode) -> Results:
    """Test ``MODEL.WEIGHTS``, or, with a warning, the untrained network if there are none; save the results.

    In the folder of a training, whose ``results.json`` and ``run.json`` stay, the names begin with ``eval_``.

    Raises:
        InputError: the checkpoint does not exist or is of another model, or the results differ from
            ``TEST.EXPECTED_RESULTS``.
    """
    require_expected_form(cfg.TEST.EXPECTED_RESULTS)
    cfg = settle(cfg)
    require_readable(cfg)
    save_config(cfg)
    model = trained_model(cfg)
    share_weights(model)
    lists: dict[str, str] = {}
    scores: dict[str, QueryScores] = {}
    results = run_tests(cfg, model, notes=precise_bn(cfg, model), lists=lists, scores=scores)
    record = run_record(cfg, lists)
    log_record(record)
    prefix = "eval_" if has_checkpoint(cfg.OUTPUT_DIR) else ""
    save_results(cfg.OUTPUT_DIR, results, prefix=prefix, scores=scores)
    save_record(cfg.OUTPUT_DIR, record, prefix)
    track_results(cfg, results)
    if not cfg.MODEL.WEIGHTS:
        logger.warning(UNTRAINED)  # repeated where the results are read
    require_expected(cfg.TEST.EXPECTED_RESULTS, results)
    return results
