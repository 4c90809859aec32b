"""Make Market1501-MM, the multi-modal data set of the IEEE paper, from Market-1501.

Example:
    python tools/prepare/prepare_market1501_mm.py Market-1501-v15.09.15 datasets --thermal GENERATED

writes ``datasets/Market1501-MM``, some minutes long. Repeating it is safe.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from data_folders.aligned import summarize_aligned
from fastreid_mm.common.errors import one_line_errors
from fastreid_mm.common.image_files import LeftOut
from market1501_mm.dataset import NAME, make_market1501_mm

WITHOUT_THERMAL = (
    "TI is not made: the paper generates these images with a CycleGAN; --thermal FOLDER takes them, "
    "if you have them. Train without: DATASETS.ALIGNED.MODALITIES \"('RGB', 'NI')\""
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="folder of Market-1501, which holds bounding_box_train")
    parser.add_argument("destination", type=Path, help=f"folder in which {NAME} is made")
    parser.add_argument(
        "--thermal",
        type=Path,
        help="generated thermal images under the names of Market-1501's, in the same three folders or all in one",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    args = _parser().parse_args(argv)
    root = args.destination / NAME
    with one_line_errors():
        left_out = LeftOut()
        made = make_market1501_mm(args.source, root, args.thermal, left_out)
        for line in left_out.found:
            print(f"left out: {line}", file=sys.stderr)
        print("made:" if made else "already there:", summarize_aligned(root))
        if args.thermal is None:
            print(WITHOUT_THERMAL)


if __name__ == "__main__":
    main()
