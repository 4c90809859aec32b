#!/usr/bin/env python
r"""Record what every shipped config computes at a reduced size, and compare it with an earlier record.

    python tools/benchmarks/record_configs.py before.json
    python tools/benchmarks/record_configs.py after.json --against before.json [--names renamed.txt]

For each config: the losses by name, the norm of every parameter's gradient, the feature in evaluation, and the losses
after each of three optimiser steps, all from one synthetic batch. Backbone and images are small, all other keys are the
config's. The same file on the same machine is the same to the last bit. Exit status 1: something differs.

Weights are drawn for each parameter by its name, so that neither the order in which a network builds its layers nor
other random numbers change them; a parameter that starts as a constant keeps it. A file for --names lists what was
renamed, so that it is drawn and compared under its old name: each line has a regular expression for the beginning of
the new name and the beginning of the old one, after a pattern of configs if the rule is not for all.

    heads\.bnneck\.  heads.bottleneck.
    */mun.yml  loss_cross_entropy  loss_id
"""

import argparse
import json
import sys
from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

import torch
from recording import reid, sod
from recording.comparison import differences
from recording.names import old_name, read_rules
from recording.record import record

from fastreid_mm.common.errors import InputError, one_line_errors

CONFIGS = Path(__file__).parents[2] / "configs"
BUILDERS = {".yml": reid.build, ".py": sod.build}
"""Functions that make a network, its optimiser and a batch of a config, by the config's suffix."""


def shipped() -> list[str]:
    """List all configs except base configs, relative to the folder of configs."""
    paths = [path for path in CONFIGS.rglob("*") if path.suffix in BUILDERS and not path.name.startswith("Base-")]
    return sorted(path.relative_to(CONFIGS).as_posix() for path in paths)


def main(arguments: Sequence[str] | None = None) -> int:
    """Record, compare if asked to, and print what differs.

    Returns:
        0, or 1 if something differs.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path, help="JSON file to write")
    parser.add_argument("--against", type=Path, metavar="FILE", help="earlier file to compare with")
    parser.add_argument("--names", type=Path, metavar="FILE", help="table of names that differ from the earlier file")
    parser.add_argument("--only", nargs="+", default=["*"], metavar="PATTERN", help='configs, as "SYSU/*"')
    args = parser.parse_args(arguments)
    torch.set_num_threads(1)  # so that sums have the same order everywhere
    with one_line_errors():
        rules, before = read_rules(args.names) if args.names else [], _earlier(args.against) if args.against else None
        configs = [config for config in shipped() if any(fnmatchcase(config, pattern) for pattern in args.only)]
        if not configs:
            raise InputError(f"--only {' '.join(args.only)} is none of the configs in {CONFIGS}")
        records = {}
        for config in configs:
            print(config, file=sys.stderr, flush=True)
            torch.manual_seed(0)
            network = BUILDERS[Path(config).suffix](str(CONFIGS / config))
            records[config] = record(network, partial(old_name, rules, config))
        args.path.write_text(json.dumps(records, indent=1) + "\n")
    if before is None:
        return 0
    lines = differences(
        {config: before[config] for config in before if config in records or args.only == ["*"]}, records
    )
    print("\n".join([*lines, f"{len(lines)} differences in {len(records)} configs"]))
    return int(bool(lines))


def _earlier(path: Path) -> dict:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is no earlier record: {error}") from None


if __name__ == "__main__":
    sys.exit(main())
