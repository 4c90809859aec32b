"""Train and test RegDB's ten trials and average them: the command ``fastreid-mm-train-regdb-trials``."""

import json
import os
import sys
from multiprocessing import get_context
from pathlib import Path

from fastreid_mm.commands import train
from fastreid_mm.commands.early_checks import require_config
from fastreid_mm.commands.train_arguments import argument_parser, take_weights
from fastreid_mm.common.console import printable
from fastreid_mm.common.errors import InputError, one_line_errors
from fastreid_mm.common.hosts import require_fastreid, say_loading
from fastreid_mm.common.output_dir import clear_output_dir


@one_line_errors()
def main(arguments: list[str] | None = None) -> None:
    """Train trial t in ``OUTPUT_DIR/trial_t`` and write the mean to ``OUTPUT_DIR/results.json``.

    A trial that has results is not run again, and an interrupted one goes on from its last checkpoint; with
    ``--overwrite`` all are trained anew. The status of a trial that failed is the command's.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    require_fastreid()
    if "TORCHELASTIC_RUN_ID" in os.environ:
        raise InputError("the ten trials cannot be started by torchrun: give --num-gpus to have several processes")
    args = argument_parser().parse_args(arguments)
    if args.dry_run:
        raise InputError("--dry-run leaves no results to average: give it to fastreid-mm-train")
    take_weights(args)
    require_config(args.config_file)
    say_loading("fastreid")
    from fastreid_mm.data.build import build_dataset
    from fastreid_mm.data.datasets.regdb import NUM_TRIALS
    from fastreid_mm.evaluation.results import mean_results, results_table, write_json
    from fastreid_mm.settings.load import load_config

    cfg = load_config(args.config_file, args.opts)
    output, anew = Path(cfg.OUTPUT_DIR), args.overwrite
    if anew:  # all at once: an interrupted run must not go on with trials of the earlier training
        for name in dict.fromkeys((*cfg.DATASETS.NAMES, *cfg.DATASETS.TESTS)):
            build_dataset(cfg, name)  # nothing is deleted if the data are missing
        for folder in (output, *(output / f"trial_{trial}" for trial in range(1, NUM_TRIALS + 1))):
            clear_output_dir(str(folder), cfg.MODEL.WEIGHTS)
    trials = [_run_trial(arguments, output / f"trial_{trial}", trial, anew) for trial in range(1, NUM_TRIALS + 1)]
    mean, deviation = mean_results(trials)
    write_json(str(output / "results.json"), mean)
    print(results_table({f"mean of {len(trials)} trials": mean, "standard deviation": deviation}))
    print(printable(f"Mean saved in {output / 'results.json'}"))


def _run_trial(arguments: list[str], output: Path, trial: int, anew: bool) -> dict:
    """Train a trial in a separate process, unless it has results, and return its results."""
    if anew or not (output / "results.json").is_file():
        resume = [] if anew else ["--resume"]
        options = [*resume, *arguments, "DATASETS.REGDB.TRIAL", str(trial), "OUTPUT_DIR", str(output)]
        process = get_context("spawn").Process(target=train.main, args=(options,))
        process.start()
        process.join()
        if process.exitcode:
            raise SystemExit(process.exitcode)
    return json.loads((output / "results.json").read_text())
