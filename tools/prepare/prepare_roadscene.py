"""Make small multi-modal data sets of places from RoadScene's photographs, in the layouts of three benchmarks.

Example:
    git clone https://github.com/hanna-xu/RoadScene
    python tools/prepare/prepare_roadscene.py RoadScene datasets
    python tools/prepare/prepare_roadscene.py RoadScene datasets --layout RGBNT201
    python tools/prepare/prepare_roadscene.py RoadScene datasets/validation --layout RGBNT201 --validation

writes ``datasets/SYSU-MM01`` (visible or infrared images) and ``datasets/RGBNT201`` (aligned samples), and a set to
choose settings on, which is made of the training photographs alone. Repeating it is safe.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from data_folders.aligned import summarize_aligned
from data_folders.sysu_mm01 import summarize_sysu
from fastreid_mm.common.errors import one_line_errors
from roadscene.aligned import make_rgbn300, make_rgbnt201
from roadscene.visible_infrared import make_roadscene

LAYOUTS = {
    "SYSU-MM01": (make_roadscene, summarize_sysu),
    "RGBNT201": (make_rgbnt201, summarize_aligned),
    "RGBN300": (make_rgbn300, summarize_aligned),
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="folder of a clone of RoadScene")
    parser.add_argument("destination", type=Path, help="folder in which a folder of the layout's name is made")
    parser.add_argument("--layout", choices=tuple(LAYOUTS), default="SYSU-MM01")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--validation",
        action="store_true",
        help="leave out the photographs of the test places, and split the others anew",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    args = _parser().parse_args(argv)
    root = args.destination / args.layout
    make, summarize = LAYOUTS[args.layout]
    with one_line_errors():
        made = make(args.source, root, args.seed, args.validation)
        print("made:" if made else "already there:", summarize(root))


if __name__ == "__main__":
    main()
