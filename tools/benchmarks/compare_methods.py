#!/usr/bin/env python
"""Train every method and ablation step on freely available sets, with several seeds, and compare the steps.

    FASTREID_DATASETS=datasets python tools/benchmarks/compare_methods.py EXPERIMENT --weights FILE
        [--seeds 1 2 3 4 5] [--rows AGW CMT] [--jobs 2] [--output DIR]

prints a table of means and deviations, and the differences of each row from its base, paired by seed; the curves over
epochs are drawn to OUTPUT/EXPERIMENT.png. The measurements are kept in OUTPUT/EXPERIMENT.json: runs in that file are
not repeated, and interrupted ones go on: just repeat the command. With --jobs 0 nothing is run.
"""

import argparse
import os
from pathlib import Path

from comparison import report
from comparison.experiments import EXPERIMENTS
from comparison.runs import Runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", choices=list(EXPERIMENTS))
    parser.add_argument("--weights", default="", help="pretrained weights, for MODEL.BACKBONE.PRETRAIN_PATH")
    parser.add_argument("--output", type=Path, default=Path("logs/comparison"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--rows", nargs="+", metavar="ROW", help="names of rows (default: all)")
    parser.add_argument("--epochs", type=int, help="default: those of the experiment")
    parser.add_argument("--jobs", type=int, default=2, help="number of runs at a time, which share the cores")
    args = parser.parse_args()
    experiment = EXPERIMENTS[args.experiment]
    rows = args.rows or list(experiment.rows)
    unknown = [row for row in rows if row not in experiment.rows]
    if unknown:
        parser.error(f"there is no row {unknown[0]!r} in {'; '.join(experiment.rows)}")
    threads = max(1, (os.cpu_count() or 1) // max(1, args.jobs))
    epochs = args.epochs or experiment.epochs
    runs = Runs(args.experiment, experiment, args.output, args.weights, epochs, threads)
    if args.jobs:
        runs.run(rows, args.seeds, args.jobs)
    print(report.table(experiment, runs.measured), report.differences(experiment, runs.measured), sep="\n\n")
    if runs.measured:
        report.draw_curves(experiment, runs.measured, args.output / f"{args.experiment}.png")


if __name__ == "__main__":
    main()
