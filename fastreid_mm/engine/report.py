"""Report of a run's tests: tables in the log, files, and a comparison with expected results."""

import logging
import os
from collections.abc import Mapping, Sequence

from fastreid.utils import comm

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.expected_results import require_form, require_reached
from fastreid_mm.evaluation.query_scores import FILE, QueryScores, save_query_scores
from fastreid_mm.evaluation.results import Results, results_table, write_json

EXPECTED = "TEST.EXPECTED_RESULTS"
"""Config key of results that a run must reach."""

logger = logging.getLogger("fastreid.mm")


def log_results(rows: dict[str, Results]) -> None:
    """Write a table of named results (trained, untrained, chance ...) to the log."""
    logger.info(f"Results in percent:\n{results_table(rows)}")


def save_results(
    output_dir: str,
    results: Results,
    references: dict[str, Results] | None = None,
    prefix: str = "",
    scores: Mapping[str, QueryScores] | None = None,
) -> None:
    """Write ``results.json``, and if there are references also ``references.json`` and a table of both to the log.

    Only the first process has results and writes. A ``prefix`` is put before the names of the results' files, of which
    ``query_scores.npz`` has the ``scores`` of single queries.
    """
    if not comm.is_main_process():
        return
    if scores:
        save_query_scores(os.path.join(output_dir, f"{prefix}{FILE}"), scores)
    write_json(os.path.join(output_dir, f"{prefix}results.json"), results)
    if references:
        write_json(os.path.join(output_dir, "references.json"), references)
        log_results({"trained": results} | references)
    logger.info(f"Results saved in {output_dir}")


def require_expected_form(expected: Sequence) -> None:
    """Refuse entries other than ``[data set, setting, metric, value, tolerance]``, before training."""
    require_form(EXPECTED, expected, ("data set", "setting", "metric"))


def require_expected_names(
    expected: Sequence, metrics: Mapping[str, Mapping[str, Sequence[str]]], more: bool = False
) -> None:
    """Refuse names of results that no test will give, before training; without metrics, do nothing.

    Args:
        metrics: the names of the metrics that a test will give, by data set and setting.
        more: whether the tests will have further data sets, such as corrupted ones, whose names are not checked.

    Raises:
        InputError: names the entry.
    """
    for dataset, setting, metric, *_ in expected if metrics else ():
        if (dataset in metrics or not more) and metric not in metrics.get(dataset, {}).get(setting, ()):
            raise InputError(f"{EXPECTED}: no test gives {dataset} {setting} {metric}")


def require_expected(expected: Sequence, results: Results) -> None:
    """Compare the results of a run with those that its config expects; without results, do nothing.

    Raises:
        InputError: see :func:`require_reached`.
    """
    if expected and results:
        require_reached(EXPECTED, expected, results, digits=2)
        logger.info(f"{EXPECTED}: all {len(expected)} are reached")
