"""Package a trained network as a folder to be given to others: the command ``fastreid-mm-package-model``."""

import argparse
from pathlib import Path

from fastreid_mm.common.console import printable
from fastreid_mm.common.errors import InputError, one_line_errors
from fastreid_mm.common.hosts import require_fastreid, require_mmseg, say_loading
from fastreid_mm.common.used_folder import LAST


@one_line_errors()
def main(arguments: list[str] | None = None) -> None:
    """Write the folder, and print where it is and how to use it."""
    parser = argparse.ArgumentParser(
        description="Package the network of a finished training as a folder with config.yaml, model.safetensors and a "
        "model card, README.md. Every --weights takes it, and so do Predictor and SaliencyPredictor."
    )
    parser.add_argument("run", type=Path, help="OUTPUT_DIR, or work_dir of saliency, of the training")
    parser.add_argument("output", type=Path, help="folder to make")
    parser.add_argument("--name", default="", help="name of the network on its card (default: that of the folder)")
    parser.add_argument("--license", default="", metavar="ID", help="licence for the card, such as apache-2.0")
    args = parser.parse_args(arguments)
    if not (args.run / LAST).is_file():
        raise InputError(f"{args.run} has no training in it: there is no {LAST}")
    if _of_mmsegmentation(args.run):
        require_mmseg()
        say_loading("mmseg")
        from mmseg_mm.package import package_model
    else:
        require_fastreid()
        say_loading("fastreid")
        from fastreid_mm.inference.package import package_model
    package_model(args.run, args.output, args.name, args.license)
    size = sum(file.stat().st_size for file in args.output.iterdir()) / 1e6
    print(printable(f"{args.output}: {size:.1f} MB, for every --weights and from Python; its card is README.md"))


def _of_mmsegmentation(run: Path) -> bool:
    """Tell whether a run is a saliency training: mmengine notes the path of the last checkpoint, fast-reid its name."""
    return len(Path((run / LAST).read_text(encoding="utf-8", errors="replace").strip()).parts) > 1
