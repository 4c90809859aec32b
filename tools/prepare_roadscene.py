"""Make RoadScene-VI, a small visible-infrared data set in SYSU-MM01's layout, from RoadScene's photographs.

Example:
    git clone https://github.com/hanna-xu/RoadScene
    python tools/prepare_roadscene.py RoadScene datasets

writes ``datasets/SYSU-MM01``. Repeating it is safe.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from fastreid_mm.errors import one_line_errors
from fastreid_mm.making.roadscene import NAME, make_roadscene
from fastreid_mm.making.summary import summarise_sysu


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="a clone of RoadScene")
    parser.add_argument("destination", type=Path, help=f"where {NAME} is made")
    parser.add_argument("--seed", type=int, default=0)
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    args = _parser().parse_args(argv)
    root = args.destination / NAME
    with one_line_errors():
        made = make_roadscene(args.source, root, args.seed)
        print("made:" if made else "already there:", summarise_sysu(root))


if __name__ == "__main__":
    main()
