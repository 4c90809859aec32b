"""Make toy data sets: drawn people in visible light and in infrared, in SYSU-MM01's and RegDB's layouts.

Example:
    python tools/prepare/make_toy_data.py --layout both --root datasets

writes ``datasets/SYSU-MM01`` and ``datasets/RegDB``. The same seed gives the same bytes; repeating it is safe.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from data_folders.regdb import summarize_regdb
from data_folders.sysu_mm01 import summarize_sysu
from fastreid_mm.errors import one_line_errors
from toy_people.datasets import make_toy_regdb, make_toy_sysu


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layout", choices=("sysu", "regdb", "both"), default="sysu")
    parser.add_argument("--root", type=Path, default=Path("datasets"), help="where SYSU-MM01 and RegDB are made")
    parser.add_argument("--identities", type=int, help="default: 90 for sysu (30 of them for testing), 40 for regdb")
    parser.add_argument("--images-per-camera", type=int, default=4, help="sysu only; RegDB always has 10 a modality")
    parser.add_argument("--seed", type=int, default=0)
    return parser


def _make(args: argparse.Namespace) -> None:
    if args.layout in ("sysu", "both"):
        root = args.root / "SYSU-MM01"
        count = 90 if args.identities is None else args.identities
        made = make_toy_sysu(root, count, args.images_per_camera, args.seed)
        print("made:" if made else "already there:", summarize_sysu(root))
    if args.layout in ("regdb", "both"):
        root = args.root / "RegDB"
        made = make_toy_regdb(root, 40 if args.identities is None else args.identities, args.seed)
        print("made:" if made else "already there:", summarize_regdb(root))


def main(argv: Sequence[str] | None = None) -> None:
    args = _parser().parse_args(argv)
    with one_line_errors():
        _make(args)


if __name__ == "__main__":
    main()
