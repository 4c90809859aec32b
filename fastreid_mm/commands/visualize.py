"""Test a model and write a report with pictures: the command ``fastreid-mm-visualize``."""

import argparse
from itertools import takewhile
from pathlib import Path

from fastreid_mm.commands.early_checks import require_model_files
from fastreid_mm.commands.model_arguments import add_checkpoint_arguments
from fastreid_mm.common.errors import InputError, one_line_errors
from fastreid_mm.common.hosts import require_fastreid, require_visualize, say_loading

DESCRIPTION = """Test a model once, and write pictures of its behaviour and index.html, which shows them."""


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """Parse the command line; see ``--help``."""
    parser = argparse.ArgumentParser(description=DESCRIPTION)
    add_checkpoint_arguments(parser)
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder of the report")
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        metavar="PART",
        help="ranked_lists, curves, distances, tsne, attention, training; all of them by default",
    )
    args = parser.parse_args(arguments)
    parts = list(takewhile(str.islower, args.only))  # config keys, which begin with a capital, may follow
    args.only, args.opts = parts, args.only[len(parts) :] + args.opts
    return args


@one_line_errors()
def main(arguments: list[str] | None = None) -> None:
    """Write the report, and print where it is."""
    args = parse_arguments(arguments)
    require_fastreid()
    require_visualize()
    if args.output.exists() and not args.output.is_dir():
        raise InputError(f"--output {args.output} is not a folder")
    require_model_files(args)
    say_loading("fastreid")
    from fastreid_mm.inference.predictor import Predictor
    from fastreid_mm.visualization.report import NAMES, write_report

    unknown = [name for name in args.only if name not in NAMES]
    if unknown:
        raise InputError(f"--only {unknown[0]} is not one of {', '.join(NAMES)}")
    predictor = Predictor(args.config_file, args.weights, args.opts)
    print(f"Report: {write_report(predictor, args.config_file, args.output, args.only or NAMES)}")
