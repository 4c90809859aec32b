"""Evaluate extracted features by a benchmark's official protocol: the command ``fastreid-mm-evaluate-features``."""

import argparse
from pathlib import Path

import torch

from fastreid_mm.errors import InputError, one_line_errors, require_packages
from fastreid_mm.evaluation import (
    check_complete,
    evaluate_sysu,
    pairwise_distance,
    read_features,
    read_ids,
    read_permutation,
)
from fastreid_mm.evaluation.labelled_features import NEEDED, evaluate_features, read_arrays
from fastreid_mm.evaluation.results import Settings, results_table, write_json
from fastreid_mm.evaluation.sysu_mm01 import GALLERY_CAMERAS, QUERY_CAMERAS

NAMES = {"sysu": "SYSU-MM01", "regdb": "RegDB", "llcm": "LLCM", "market": "Market-1501", "msvr310": "MSVR310"}
"""Of protocols, in the table."""


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """The command line; see ``--help``."""
    parser = argparse.ArgumentParser(description="Evaluate extracted features by a benchmark's official protocol.")
    parser.add_argument("--protocol", choices=list(NEEDED), default="sysu")
    kinds = parser.add_argument_group("features of any protocol: .npz files, or folders of .npy files")
    arrays = "; ".join(f"{protocol}: {', '.join(names)}" for protocol, names in NEEDED.items())
    kinds.add_argument("--query", type=Path, help=f"with the arrays {arrays}")
    kinds.add_argument("--gallery", type=Path, help="likewise; --splits makes SYSU-MM01's galleries the official ones")
    official = parser.add_argument_group("features of SYSU-MM01 in its own code's layout")
    official.add_argument("--features", type=Path, help="folder of the files PREFIX_cam{1..6}.mat")
    official.add_argument("--name", metavar="PREFIX", help="prefix of the feature files")
    official.add_argument("--splits", type=Path, help="folder of rand_perm_cam.mat and test_id")
    official.add_argument("--mode", nargs="+", choices=list(GALLERY_CAMERAS), default=list(GALLERY_CAMERAS))
    official.add_argument("--shots", nargs="+", type=int, default=[1, 10])
    parser.add_argument("--metric", choices=["euclidean", "cosine"], default="euclidean")
    parser.add_argument("--json", type=Path, help="write the results here")
    arguments = parser.parse_args(argv)
    mat = arguments.protocol == "sysu" and not (arguments.query or arguments.gallery)
    needed = ("features", "name", "splits") if mat else ("query", "gallery")
    missing = [f"--{name}" for name in needed if not getattr(arguments, name)]
    if missing:
        parser.error(f"the following arguments are required: {', '.join(missing)}")
    if not mat and (arguments.features or arguments.name or (arguments.splits and arguments.protocol != "sysu")):
        parser.error("--features and --name do not go with --query and --gallery, and --splits is SYSU-MM01's alone")
    return arguments


def evaluate(arguments: argparse.Namespace) -> Settings:
    """Setting to metric to percent.

    Raises:
        InputError: a file is missing or cannot be used, or features and splits do not go together.
    """
    if arguments.query:
        sides = [read_arrays(path, NEEDED[arguments.protocol]) for path in (arguments.query, arguments.gallery)]
        permutation = read_permutation(arguments.splits / "rand_perm_cam.mat") if arguments.splits else None
        return evaluate_features(arguments.protocol, sides[0], sides[1], arguments.metric, permutation)
    ids = read_ids(arguments.splits, "test_id")
    permutation = read_permutation(arguments.splits / "rand_perm_cam.mat")
    gallery_cams = sorted({cam for mode in arguments.mode for cam in GALLERY_CAMERAS[mode]})
    query = read_features(arguments.features, arguments.name, ids, QUERY_CAMERAS)
    gallery = read_features(arguments.features, arguments.name, ids, gallery_cams)
    check_complete(query, permutation, ids, QUERY_CAMERAS)
    check_complete(gallery, permutation, ids, gallery_cams)
    features = torch.from_numpy(query.features), torch.from_numpy(gallery.features)
    distance = pairwise_distance(*features, arguments.metric)
    labels = (query.ids, query.cams, gallery.ids, gallery.cams, gallery.numbers)
    return evaluate_sysu(distance, *labels, permutation, modes=arguments.mode, shots=arguments.shots)


def main(argv: list[str] | None = None) -> None:
    """Print the results, and write them where ``--json`` says.

    Args:
        argv: the arguments, or none for those of the command line.

    Raises:
        SystemExit: with status 2 and one line on standard error for whatever the user can put right.
    """
    arguments = parse_arguments(argv)
    with one_line_errors():
        require_packages("evaluation", "scipy", "tabulate")
        if arguments.json and not arguments.json.absolute().parent.is_dir():
            raise InputError(f"no such folder for --json: {arguments.json.absolute().parent}")
        results = evaluate(arguments)
    if arguments.json:
        write_json(str(arguments.json), results)
    name = NAMES[arguments.protocol]
    draw = {"sysu": f"{'official permutation' if arguments.splits else 'seeded draw'}, 10 trials, "}
    print(f"{name}, {draw.get(arguments.protocol, '')}{arguments.metric} distance, percent")
    print(results_table({"": {name: results}}))


if __name__ == "__main__":
    main()
