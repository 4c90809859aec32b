"""What a run leaves behind of its tests: tables in the log, and files."""

import logging
import os

from fastreid.utils import comm

from fastreid_mm.evaluation.results import Results, results_table, write_json

logger = logging.getLogger("fastreid.mm")


def log_results(rows: dict[str, Results]) -> None:
    """Write a table of named results (trained, untrained, chance ...) to the log."""
    logger.info(f"Results in percent:\n{results_table(rows)}")


def save_results(output_dir: str, results: Results, references: dict[str, Results] | None = None) -> None:
    """Write ``results.json``, and with references ``references.json`` and a table of both to the log.

    Does nothing on processes other than the first, which have no results.
    """
    if not comm.is_main_process():
        return
    write_json(os.path.join(output_dir, "results.json"), results)
    if references:
        write_json(os.path.join(output_dir, "references.json"), references)
        log_results({"trained": results} | references)
    logger.info(f"Results saved in {output_dir}")
