"""Make a toy RGB-D or RGB-T saliency data set: neither colour nor depth, or warmth, alone shows the salient object.

Example:
    python tools/prepare/make_toy_rgbd.py --root datasets/toy_rgbd --train 400 --test 100

writes ``RGB``, ``depth`` (white is near) and ``GT`` into ``train`` and ``test`` of that folder. With
``--modality thermal`` it is ``T`` instead of ``depth``, where what is near is warm, in false colours as RGB-T sets
have; with ``--modality radiometric`` in kelvin times 100, TIFF of 16 bits. The same seed gives the same bytes;
repeating it is safe.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from fastreid_mm.common.errors import one_line_errors
from toy_scenes.scenes import make_toy_rgbd


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path("datasets/toy_rgbd"), help="folder to make")
    parser.add_argument("--train", type=int, default=400, help="number of scenes for training")
    parser.add_argument("--test", type=int, default=100, help="number of scenes for testing")
    parser.add_argument("--size", type=int, default=96, help="side of the square images, in pixels")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--modality", choices=("depth", "thermal", "radiometric"), default="depth")
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    args = _parser().parse_args(argv)
    with one_line_errors():
        made = make_toy_rgbd(args.root, args.train, args.test, args.size, args.seed, args.modality)
        print("made:" if made else "already there:", f"{args.train} + {args.test} scenes in {args.root}")


if __name__ == "__main__":
    main()
