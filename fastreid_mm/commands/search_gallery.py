"""Search an index for the images nearest to query images: the command ``fastreid-mm-search-gallery``."""

import argparse
import sys
from pathlib import Path

from fastreid_mm.commands.early_checks import require_model_files
from fastreid_mm.commands.model_arguments import add_flag, add_model_arguments, predictor_of, tell_left_out
from fastreid_mm.common.console import printable
from fastreid_mm.common.errors import InputError, one_line_errors
from fastreid_mm.common.hosts import require_fastreid, say_loading
from fastreid_mm.common.output_place import require_place


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """Parse the command line; see ``--help``."""
    parser = argparse.ArgumentParser(
        description="Rank the images of an index for each query image. Scores: the cosine, or the negative distance "
        "where TEST.METRIC is euclidean."
    )
    parser.add_argument("--index", required=True, metavar="PATH", help="index made by index_gallery")
    parser.add_argument(
        "--top", type=int, default=10, metavar="K", help="number of images for each query (default: 10)"
    )
    parser.add_argument("--json", type=Path, metavar="F.json", help="file to write the lists to")
    parser.add_argument("--picture", type=Path, metavar="F.png", help="file to draw the lists of the first queries in")
    parser.add_argument(
        "--identity",
        metavar="REGEX",
        help="finds the identity in a path, by its first group, to tell right images from wrong ones (default: "
        "cam1/0121/..., 0121_c001_...)",
    )
    parser.add_argument("--rows", type=int, default=20, help="largest number of queries in the picture (default: 20)")
    parser.add_argument(
        "--candidates",
        type=int,
        default=0,
        metavar="N",
        help="images that the index proposes to be compared exactly; 0 (default): as many as an exact ranking needs",
    )
    parser.add_argument(
        "--effort", default="", help="effort of a search in an approximate index: nprobe=16, efSearch=64"
    )
    parser.add_argument(
        "--where",
        nargs="+",
        default=[],
        metavar="CONDITION",
        help="search only images whose metadata meet all conditions: camera=3 'time>=2021-05-03'; each is compared",
    )
    add_flag(parser, "--recall", "also compare with every image, and print the share that the search finds")
    add_model_arguments(parser)
    return parser.parse_args(arguments)


@one_line_errors()
def main(arguments: list[str] | None = None) -> None:
    """Print the images found for each query; write them to ``--json`` and draw them in ``--picture``."""
    args = parse_arguments(arguments)
    require_fastreid()
    _check(args)
    say_loading("fastreid")
    from fastreid_mm.common.image_files import LeftOut
    from fastreid_mm.retrieval.answers import Answer, as_text, draw_answers, hits, outdated, write_answers
    from fastreid_mm.retrieval.embed import features_of
    from fastreid_mm.retrieval.path_labels import IDENTITY, PathLabel
    from fastreid_mm.retrieval.samples import samples_in
    from fastreid_mm.retrieval.searcher import Searcher

    identity = PathLabel(args.identity or IDENTITY)
    predictor, left_out = predictor_of(args), LeftOut()
    samples = samples_in(args.images, predictor.modalities, left_out)
    searcher = Searcher(args.index, predictor, args.candidates, args.effort, args.where)
    unreadable: list[str] = []
    paths, features = features_of(predictor, samples, args.modality, unreadable, args.batch_size)
    answers = [Answer(*each) for each in zip(paths, searcher.search(features, args.top))]
    if args.json:
        write_answers(args.json, answers)
    if args.picture:
        draw_answers(args.picture, answers[: args.rows], identity, predictor.pixels)
    tell_left_out(unreadable, left_out)
    if old := outdated(answers):
        print(printable(old), file=sys.stderr)
    print(as_text(answers, identity))  # last, because the reader of a pipe may stop reading
    if args.recall:
        share = searcher.recall(features, args.top)
        print(f"{share:.2%} of the {args.top} nearest of all images are among those found")
    saved = " and ".join(str(path) for path in (args.json, args.picture) if path)
    told = [f"{len(answers)} queries in {args.index}", hits(answers, identity), f"saved in {saved}" if saved else ""]
    print(printable(", ".join(filter(None, told))))


def _check(args: argparse.Namespace) -> None:
    for name in ("top", "rows"):
        if getattr(args, name) < 1:
            raise InputError(f"--{name} {getattr(args, name)} is less than 1")
    if args.candidates < 0:
        raise InputError(f"--candidates {args.candidates} is less than 0")
    for name in ("json", "picture"):
        path = getattr(args, name)
        if path:
            require_place(path, f"--{name}")
    require_model_files(args)
