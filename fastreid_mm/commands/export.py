"""Export a trained model: the command ``fastreid-mm-export``."""

import argparse
from pathlib import Path

from fastreid_mm.commands.early_checks import require_model_files
from fastreid_mm.commands.model_arguments import add_checkpoint_arguments, tell_left_out
from fastreid_mm.commands.onnx_arguments import add_onnx_arguments
from fastreid_mm.common.console import printable
from fastreid_mm.common.errors import InputError, one_line_errors
from fastreid_mm.common.hosts import require_fastreid, say_loading


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """Parse the command line; see ``--help``."""
    parser = argparse.ArgumentParser(description="Export a trained model to ONNX, or for PyTorch without this package.")
    parser.add_argument("--output", type=Path, required=True, help="file that ends in .onnx, or .pt2 (torch.export)")
    add_onnx_arguments(parser)
    parser.add_argument("--benchmark", action="store_true", help="time the file beside PyTorch on the CPU, by turns")
    parser.add_argument(
        "--images",
        metavar="DIR",
        help="rank these images by the file and by PyTorch, and compare: visible, or aligned samples",
    )
    parser.add_argument(
        "--queries",
        metavar="DIR",
        help="infrared images, or aligned samples, to rank --images for; default: each of --images for all others",
    )
    add_checkpoint_arguments(parser)
    return parser.parse_args(arguments)


@one_line_errors()
def main(arguments: list[str] | None = None) -> None:
    """Write the file, and print its size, how far its outputs are from PyTorch's, and what else was asked for."""
    args = parse_arguments(arguments)
    _require(args)
    require_fastreid()
    require_model_files(args)
    say_loading("fastreid")
    from fastreid_mm.export.measure import ranks_line, speed_lines
    from fastreid_mm.export.write import export_model
    from fastreid_mm.inference.predictor import Predictor
    from fastreid_mm.settings.load import load_config, with_values

    cfg = load_config(args.config_file, args.opts)
    cfg = with_values(cfg, MODEL__WEIGHTS=args.weights or cfg.MODEL.WEIGHTS)
    predictor = Predictor(cfg, device="cpu") if args.images else None
    folders = [_images(folder, predictor.modalities) for folder in (args.images, args.queries)] if predictor else []
    written = export_model(cfg, args.output, args.precision, args.opset, args.fixed_batch)
    print(written.network.description.to_json())
    if args.benchmark:
        print(*speed_lines(written, args.fixed_batch), sep="\n")
    if predictor:
        print(ranks_line(predictor, args.output, *folders))
    size = args.output.stat().st_size / 2**20
    differ = f"its outputs differ from PyTorch's by {written.difference:.0e} of the largest"
    print(printable(f"{args.output}: {size:.1f} MiB, {args.precision}, {differ}"))


def _require(args: argparse.Namespace) -> None:
    """Refuse arguments that do not go together.

    Raises:
        InputError: names the option.
    """
    if args.fixed_batch < 0:
        raise InputError(f"--fixed-batch {args.fixed_batch} is negative")
    if args.queries and not args.images:
        raise InputError("--queries: give --images to search in, too")
    if args.images and args.output.suffix != ".onnx":
        raise InputError("--images: ranks are compared for .onnx alone")


def _images(folder: str | None, modalities: tuple[str, ...]) -> list:
    """List the images, or the samples of several modalities, in a folder; none if there is no folder."""
    from fastreid_mm.common.image_files import LeftOut
    from fastreid_mm.retrieval.samples import samples_in

    left_out = LeftOut()
    images = [sample.images for sample in samples_in(folder, modalities, left_out)] if folder else []
    tell_left_out([], left_out)
    return images
