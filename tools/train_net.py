#!/usr/bin/env python
"""Train and test a model. fast-reid's own arguments:

    python tools/train_net.py --config-file configs/SYSU/cmtr.yml [--resume] [--num-gpus N] [KEY VALUE ...]
    python tools/train_net.py --config-file configs/SYSU/cmtr.yml --eval-only MODEL.WEIGHTS logs/.../model_final.pth
"""

import argparse
import sys

from fastreid_mm.engine import launch
from fastreid_mm.engine.main import argument_parser, run
from fastreid_mm.errors import one_line_errors


def main(arguments: list[str] | None = None) -> None:
    args: argparse.Namespace = argument_parser().parse_args(arguments)
    with one_line_errors():
        launch(run, args.num_gpus, args.num_machines, args.machine_rank, args.dist_url, args=(args,))


if __name__ == "__main__":
    main(sys.argv[1:])
