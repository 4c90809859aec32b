#!/usr/bin/env python
"""Train and test RegDB's ten trials one after the other, and average them. Arguments are those of train_net.py:

    python tools/train_regdb_trials.py --config-file configs/RegDB/cmtr.yml [--num-gpus N] [KEY VALUE ...]

Trial t goes to OUTPUT_DIR/trial_t, the mean to OUTPUT_DIR/results.json. A trial that has its results is not run again,
one that was interrupted goes on from its last checkpoint: just repeat the command.
"""

import json
import subprocess
import sys
from pathlib import Path

from fastreid_mm.data.datasets.regdb import NUM_TRIALS
from fastreid_mm.engine.main import argument_parser
from fastreid_mm.engine.setup import load_config
from fastreid_mm.errors import one_line_errors
from fastreid_mm.evaluation.results import mean_results, results_table, write_json


def run_trial(arguments: list[str], output: Path, trial: int) -> dict:
    """Train a trial unless that is done, and return its results."""
    if not (output / "results.json").is_file():
        command = [sys.executable, str(Path(__file__).with_name("train_net.py")), "--resume", *arguments,
                   "DATASETS.REGDB.TRIAL", str(trial), "OUTPUT_DIR", str(output)]
        status = subprocess.run(command, check=False).returncode
        if status:
            raise SystemExit(status)
    return json.loads((output / "results.json").read_text())


def main(arguments: list[str]) -> None:
    args = argument_parser().parse_args(arguments)
    with one_line_errors():
        output = Path(load_config(args.config_file, args.opts).OUTPUT_DIR)
    found = [run_trial(arguments, output / f"trial_{trial}", trial) for trial in range(1, NUM_TRIALS + 1)]
    mean, deviation = mean_results(found)
    write_json(str(output / "results.json"), mean)
    print(results_table({f"mean of {len(found)} trials": mean, "standard deviation": deviation}))


if __name__ == "__main__":
    main(sys.argv[1:])
