#!/usr/bin/env python
"""Train a saliency network. mmsegmentation's own arguments, and one more:

    python tools/train_sod.py configs/SOD/mutualformer_r50_352x352.py [--resume] [--cfg-options KEY=VALUE ...]
        [--trust-checkpoint]

--trust-checkpoint loads a checkpoint that is more than plain data, which may run any code: only if you know its source.
"""

import sys

import mmseg_mm  # noqa: F401  registers everything
from mmseg_mm.engine import run_host_script
from mmseg_mm.errors import one_line_errors


def main(arguments: list[str]) -> None:
    with one_line_errors():
        run_host_script("train.py", arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
