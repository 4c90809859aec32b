"""Export a trained model: the command ``fastreid-mm-export``."""

import argparse
from pathlib import Path

from fastreid_mm.commands.early_checks import require_model_files
from fastreid_mm.commands.model_arguments import add_checkpoint_arguments
from fastreid_mm.common.errors import one_line_errors
from fastreid_mm.common.hosts import require_fastreid, say_loading


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """Parse the command line; see ``--help``."""
    parser = argparse.ArgumentParser(description="Export a trained model to ONNX, or for PyTorch without this package.")
    add_checkpoint_arguments(parser)
    parser.add_argument("--output", type=Path, required=True, help="file that ends in .onnx, or .pt2 (torch.export)")
    return parser.parse_args(arguments)


@one_line_errors()
def main(arguments: list[str] | None = None) -> None:
    """Write the file, and print its size and how far its outputs are from PyTorch's."""
    args = parse_arguments(arguments)
    require_fastreid()
    require_model_files(args)
    say_loading("fastreid")
    from fastreid_mm.export.write import export_model
    from fastreid_mm.settings.load import load_config, with_values

    cfg = load_config(args.config_file, args.opts)
    written = export_model(with_values(cfg, MODEL__WEIGHTS=args.weights or cfg.MODEL.WEIGHTS), args.output)
    print(written.network.description.to_json())
    size = args.output.stat().st_size / 2**20
    differ = f"its outputs differ from PyTorch's by {written.difference:.0e} of the largest"
    print(f"{args.output}: {size:.1f} MiB, {differ}")
