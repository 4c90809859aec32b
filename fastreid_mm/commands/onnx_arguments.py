"""Arguments of the commands that write ONNX files."""

import argparse

from fastreid_mm.common.onnx_precision import LEAST_OPSET


def add_onnx_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--opset``, ``--fixed-batch``, and ``--half`` and ``--int8``, which set ``precision``."""
    parser.add_argument(
        "--fixed-batch", type=int, default=0, metavar="N", help="number of images of every batch; default: any number"
    )
    parser.add_argument(
        "--opset",
        type=_opset,
        metavar="N",
        help=f"ONNX operator set, {LEAST_OPSET} or newer; default: PyTorch's choice",
    )
    group = parser.add_mutually_exclusive_group()
    for option, precision, meaning in (
        ("--half", "float16", "store and compute in float16; inputs and outputs stay float32"),
        ("--int8", "int8", "store weights in 8 bits, and quantize activations by the range of each batch"),
    ):
        group.add_argument(option, dest="precision", action="store_const", const=precision, help=meaning)
    parser.set_defaults(precision="float32")


def _opset(text: str) -> int:
    if not text.isdecimal() or int(text) < LEAST_OPSET:
        raise argparse.ArgumentTypeError(f"{text} is no operator set of {LEAST_OPSET} or newer")
    return int(text)
