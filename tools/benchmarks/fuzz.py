#!/usr/bin/env python
"""Try unusual and damaged inputs: each must be read correctly or refused in one line, without a crash or a hang.

python tools/benchmarks/fuzz.py [--images 10000] [--configs 2000] [--trees 2000] [--seed 0]
"""

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

import torch
from fuzzing import checkpoints, configs, images, indexes, lists, resumes, sod_resumes, storage, trees
from fuzzing.campaign import fuzz
from tabulate import tabulate

MODULES = (images, configs, trees, lists, storage, checkpoints, indexes, resumes, sod_resumes)
KINDS = {each.__name__.rpartition(".")[2]: each.tries for each in MODULES}
"""Kinds of faults, by the option with their number."""


def main() -> None:
    """Print a line for each crash, and a table of the faults, their numbers and their outcomes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for kind in KINDS:
        parser.add_argument(f"--{kind}", type=int, default=0, metavar="TIMES")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    sys.path.append(str(Path(__file__).parents[1] / "prepare"))  # about the drawn scenes
    os.nice(10)
    torch.set_num_threads(1)
    counts = sum((fuzz(tries, getattr(args, kind), args.seed) for kind, tries in KINDS.items()), Counter())
    rows = [(fault, times, result) for (fault, result), times in sorted(counts.items())]
    print(tabulate(rows, ("fault", "times", "outcome"), tablefmt="github"))


if __name__ == "__main__":
    main()
