"""Make toy data sets: drawn people in visible light and in infrared, in SYSU-MM01's and RegDB's layouts.

Example:
    python tools/prepare/make_toy_data.py --layout both --root datasets
    python tools/prepare/make_toy_data.py --identities 296 99 96 --root people

writes ``datasets/SYSU-MM01`` and ``datasets/RegDB``, and ``people/SYSU-MM01`` with as many identities as the original
(11,784 images, minutes). The same seed gives the same bytes; repeating it is safe.
"""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

from data_folders.regdb import summarize_regdb
from data_folders.sysu_mm01 import summarize_sysu
from fastreid_mm.errors import InputError, one_line_errors
from toy_people.datasets import Identities, make_toy_regdb, make_toy_sysu


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layout", choices=("sysu", "regdb", "both"), default="sysu")
    parser.add_argument("--root", type=Path, default=Path("datasets"), help="where SYSU-MM01 and RegDB are made")
    parser.add_argument(
        "--identities",
        type=int,
        nargs="+",
        metavar="N",
        help="how many, or for sysu how many for training, validation and test; "
        "default: 90 for sysu (30 of them for testing), 40 for regdb",
    )
    parser.add_argument("--images-per-camera", type=int, default=4, help="sysu only; RegDB always has 10 a modality")
    parser.add_argument("--seed", type=int, default=0)
    return parser


def _identities(given: list[int] | None, default: int) -> Identities:
    if given is not None and len(given) not in (1, 3):
        raise InputError(f"--identities takes one number or three, got {len(given)}")
    return default if given is None else given[0] if len(given) == 1 else (given[0], given[1], given[2])


def _make(args: argparse.Namespace) -> None:
    if args.layout in ("sysu", "both"):
        root = args.root / "SYSU-MM01"
        made = make_toy_sysu(root, _identities(args.identities, 90), args.images_per_camera, args.seed)
        print("made:" if made else "already there:", summarize_sysu(root))
    if args.layout in ("regdb", "both"):
        root = args.root / "RegDB"
        count = _identities(args.identities, 40)
        if not isinstance(count, int):
            raise InputError("--identities takes one number for RegDB, which has no validation identities")
        made = make_toy_regdb(root, count, args.seed)
        print("made:" if made else "already there:", summarize_regdb(root))


def main(argv: Sequence[str] | None = None) -> None:
    args = _parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with one_line_errors():
        _make(args)


if __name__ == "__main__":
    main()
