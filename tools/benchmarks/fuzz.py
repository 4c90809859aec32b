#!/usr/bin/env python
"""Inputs of other people's kinds: each is taken as it is meant or refused in one line; nothing crashes or hangs.

python tools/benchmarks/fuzz.py [--images 10000] [--configs 2000] [--trees 2000] [--seed 0]
"""

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

import torch
from fuzzing import checkpoints, configs, images, indexes, lists, resumes, sod_resumes, storage, trees
from tabulate import tabulate

MODULES = (images, configs, trees, lists, storage, checkpoints, indexes, resumes, sod_resumes)
KINDS = {each.__name__.rpartition(".")[2]: each.fuzz for each in MODULES}
"""What is tried, by the option that says how often: a number of tries and a seed to outcomes by kind of fault."""


def main() -> None:
    """Print a line for each crash, and a table of what was tried, how often, and what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for kind in KINDS:
        parser.add_argument(f"--{kind}", type=int, default=0, metavar="TIMES")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    sys.path.append(str(Path(__file__).parents[1] / "prepare"))  # of the drawn scenes
    os.nice(10)
    torch.set_num_threads(1)
    found = sum((fuzz(getattr(args, kind), args.seed) for kind, fuzz in KINDS.items()), Counter())
    rows = [(fault, times, result) for (fault, result), times in sorted(found.items())]
    print(tabulate(rows, ("fault", "times", "outcome"), tablefmt="github"))


if __name__ == "__main__":
    main()
