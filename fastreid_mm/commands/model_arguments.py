"""Arguments of the commands that use a trained model."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastreid_mm.common.console import printable
from fastreid_mm.common.image_files import LeftOut

if TYPE_CHECKING:
    from fastreid_mm.inference.predictor import Predictor


WEIGHTS_HELP = "checkpoint to use instead of MODEL.WEIGHTS, or a folder with a trained network, or hf://user/name"


def add_flag(parser: argparse.ArgumentParser, name: str, text: str) -> None:
    """Add an option without a value, with the text of its help."""
    parser.add_argument(name, action="store_true", help=text)


def add_checkpoint_arguments(parser: argparse.ArgumentParser) -> None:
    """Add a config, a checkpoint, and fast-reid's ``KEY VALUE`` pairs at the end."""
    # the second spellings are known from other commands
    parser.add_argument(
        "--config-file",
        "--config",
        default="",
        help="path of a config, or short name of a shipped one; not needed with a folder in --weights",
    )
    parser.add_argument("--weights", "--checkpoint", default="", help=WEIGHTS_HELP)
    parser.add_argument("opts", nargs=argparse.REMAINDER, metavar="KEY VALUE", help="config keys and their values")


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add a config and a checkpoint, and images with their modality."""
    add_checkpoint_arguments(parser)
    parser.add_argument(
        "--images",
        required=True,
        metavar="DIR",
        help="folder of images; for aligned methods, with a folder for each modality",
    )
    parser.add_argument(
        "--modality",
        default="",
        choices=["visible", "infrared"],
        help="modality of all images; not for aligned methods",
    )
    parser.add_argument("--batch-size", type=int, default=64, help="number of images at a time (default: 64)")
    parser.add_argument(
        "--bf16", "--amp", action="store_true", help="compute in bfloat16, as TEST.AMP bfloat16; see also TEST.AMP auto"
    )


def predictor_of(args: argparse.Namespace) -> Predictor:
    """Make the predictor that the arguments describe.

    Raises:
        InputError: the config or the checkpoint cannot be used, or fast-reid is not installed.
    """
    from fastreid_mm.common.errors import InputError
    from fastreid_mm.inference.predictor import Predictor

    precision = ["TEST.AMP", "bfloat16"] if args.bf16 else []
    predictor = Predictor(args.config_file, args.weights, [*args.opts, *precision])
    if bool(predictor.modalities) == bool(args.modality):
        kind = f"aligned, of {', '.join(predictor.modalities)}: leave --modality out"
        raise InputError(
            f"the images of {args.config_file} are {kind if args.modality else 'not aligned: give --modality'}"
        )
    return predictor


def tell_left_out(unreadable: Sequence[str], left_out: LeftOut) -> None:
    """Say on standard error which files in the folder ``--images`` were left out."""
    for line in unreadable:
        print(f"left out: {printable(line)}", file=sys.stderr)
    if left_out.found:
        print(printable(str(left_out)), file=sys.stderr)
