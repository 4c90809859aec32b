#!/usr/bin/env python
"""Train every method and ablation step on sets without a licence, with several seeds, and say which step helps.

    FASTREID_DATASETS=datasets python tools/benchmarks/compare_methods.py EXPERIMENT --weights FILE
        [--seeds 1 2 3 4 5] [--rows HCT CMT] [--jobs 2] [--output DIR]

prints a table of means and deviations, and how far each row is above its base, paired by seed. The frozen part
of a network is the same in all runs of an experiment: its maps are computed once, with several augmented views of each
image, and kept in OUTPUT/cache; so a run takes a minute or less. What was measured is in OUTPUT/EXPERIMENT.json: a run
that is in there is not run again. Just repeat the command. With --jobs 0 nothing is run.
"""

import argparse
from pathlib import Path

from comparison import report
from comparison.experiments import EXPERIMENTS
from comparison.runs import Runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", choices=list(EXPERIMENTS))
    parser.add_argument("--weights", default="", help="pretrained weights, for MODEL.BACKBONE.PRETRAIN_PATH")
    parser.add_argument("--output", type=Path, default=Path("logs/comparison"))
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(1, 11)))
    parser.add_argument("--rows", nargs="+", metavar="ROW", help="names of rows, all if not given")
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time, each on one core")
    args = parser.parse_args()
    experiment = EXPERIMENTS[args.experiment]
    rows = args.rows or list(experiment.rows)
    unknown = [row for row in rows if row not in experiment.rows]
    if unknown:
        parser.error(f"there is no row {unknown[0]!r} in {'; '.join(experiment.rows)}")
    runs = Runs(args.experiment, experiment, args.output, args.weights)
    if args.jobs:
        runs.run(rows, args.seeds, args.jobs)
    print(report.table(experiment, runs.measured))


if __name__ == "__main__":
    main()
