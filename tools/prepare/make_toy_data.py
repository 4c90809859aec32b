"""Make toy data sets: drawn people in visible light and in infrared, in the layouts of benchmarks.

Example:
    python tools/prepare/make_toy_data.py --layout SYSU-MM01 RegDB --root datasets
    python tools/prepare/make_toy_data.py --layout LLCM --root datasets
    python tools/prepare/make_toy_data.py --identities 296 99 96 --root people

writes ``datasets/SYSU-MM01`` and ``datasets/RegDB``, ``datasets/LLCM``, and ``people/SYSU-MM01`` with as many
identities as the original (11,784 images, minutes). The same seed gives the same bytes; repeating it is safe.
"""

import argparse
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from data_folders.llcm import summarize_llcm
from data_folders.msvr310 import summarize_msvr310
from data_folders.regdb import summarize_regdb
from data_folders.sysu_mm01 import summarize_sysu
from fastreid_mm.common.errors import InputError, one_line_errors
from toy_people.datasets import Identities, make_toy_regdb, make_toy_sysu
from toy_people.llcm import make_toy_llcm
from toy_people.msvr310 import make_toy_msvr310


class Layout(NamedTuple):
    """Functions and settings to make a data set of a layout.

    Attributes:
        identities: the default number of identities.
        make: draws the data set.
        summarize: counts its content.
        by_camera: whether the number of images of each camera can be chosen.
    """

    identities: int
    make: Callable[..., bool]
    summarize: Callable[[Path], str]
    by_camera: bool


LAYOUTS = {
    "SYSU-MM01": Layout(90, make_toy_sysu, summarize_sysu, by_camera=True),
    "RegDB": Layout(40, make_toy_regdb, summarize_regdb, by_camera=False),
    "LLCM": Layout(60, make_toy_llcm, summarize_llcm, by_camera=True),
    "MSVR310": Layout(60, make_toy_msvr310, summarize_msvr310, by_camera=False),
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layout", nargs="+", choices=tuple(LAYOUTS), default=["SYSU-MM01"], help="one or more")
    parser.add_argument(
        "--root", type=Path, default=Path("datasets"), help="folder in which a folder of that name is made"
    )
    parser.add_argument(
        "--identities",
        type=int,
        nargs="+",
        metavar="N",
        help="number of identities, or for SYSU-MM01 numbers for training, validation and test; "
        "default: 90 for SYSU-MM01 (30 of them for testing), 40 for RegDB, 60 for LLCM and MSVR310",
    )
    parser.add_argument("--images-per-camera", type=int, default=4, help="SYSU-MM01 and LLCM only")
    parser.add_argument("--seed", type=int, default=0)
    return parser


def _identities(numbers: list[int] | None, default: int) -> Identities:
    if numbers is not None and len(numbers) not in (1, 3):
        raise InputError(f"--identities takes one number or three, got {len(numbers)}")
    return default if numbers is None else numbers[0] if len(numbers) == 1 else (numbers[0], numbers[1], numbers[2])


def _make(name: str, args: argparse.Namespace) -> None:
    layout = LAYOUTS[name]
    root, count = args.root / name, _identities(args.identities, layout.identities)
    if name != "SYSU-MM01" and not isinstance(count, int):
        raise InputError(f"--identities takes one number for {name}, which has no validation identities")
    options = {"images_per_camera": args.images_per_camera} if layout.by_camera else {}
    made = layout.make(root, count, seed=args.seed, **options)
    print("made:" if made else "already there:", layout.summarize(root))


def main(argv: Sequence[str] | None = None) -> None:
    args = _parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with one_line_errors():
        for name in args.layout:
            _make(name, args)


if __name__ == "__main__":
    main()
