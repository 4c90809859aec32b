"""Write the features of the images in a folder: the command ``fastreid-mm-extract-features``."""

import argparse
from pathlib import Path

from fastreid_mm.commands.early_checks import require_model_files
from fastreid_mm.commands.model_arguments import add_model_arguments, predictor_of, tell_left_out
from fastreid_mm.common.console import printable
from fastreid_mm.common.errors import InputError, one_line_errors
from fastreid_mm.common.hosts import require_fastreid, say_loading
from fastreid_mm.common.whole_file import write_whole


@one_line_errors()
def main(arguments: list[str] | None = None) -> None:
    """Write the features of all images that can be read, and list the others, or refuse them with ``--strict``."""
    parser = argparse.ArgumentParser(
        description="Write the features of the images in a folder: features (N, D) and paths (N,), sorted by path."
    )
    parser.add_argument("--output", type=Path, required=True, metavar="F.npz", help="file to write")
    parser.add_argument("--strict", action="store_true", help="fail, with all names, if images cannot be read")
    add_model_arguments(parser)
    args = parser.parse_args(arguments)
    require_fastreid()
    if not args.output.absolute().parent.is_dir():
        raise InputError(f"no such folder for --output: {args.output.absolute().parent}")
    require_model_files(args)
    say_loading("fastreid")
    import numpy as np

    from fastreid_mm.common.image_files import LeftOut
    from fastreid_mm.retrieval.embed import features_of
    from fastreid_mm.retrieval.samples import samples_in

    predictor = predictor_of(args)
    unreadable, left_out = list[str](), LeftOut()
    paths, features = features_of(
        predictor,
        samples_in(args.images, predictor.modalities, left_out),
        args.modality,
        unreadable,
        args.batch_size,
        not args.strict,
    )

    def write(part: str) -> None:
        with Path(part).open("wb") as file:  # if it got a name, NumPy would add a suffix
            np.savez(file, features=features.numpy(), paths=np.array(paths))

    write_whole(str(args.output), write)
    tell_left_out(unreadable, left_out)
    print(printable(f"{len(paths)} features of {features.shape[1]} numbers in {args.output}"))
