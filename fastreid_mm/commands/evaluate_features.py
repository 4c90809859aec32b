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
from fastreid_mm.evaluation.results import Settings, results_table, write_json
from fastreid_mm.evaluation.sysu_mm01 import GALLERY_CAMERAS, QUERY_CAMERAS


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """The command line; see ``--help``."""
    parser = argparse.ArgumentParser(description="Evaluate extracted features by a benchmark's official protocol.")
    parser.add_argument("--protocol", choices=["sysu"], default="sysu")
    parser.add_argument("--features", type=Path, required=True, help="folder of the files PREFIX_cam{1..6}.mat")
    parser.add_argument("--name", required=True, metavar="PREFIX", help="prefix of the feature files")
    parser.add_argument("--splits", type=Path, required=True, help="folder of rand_perm_cam.mat and test_id")
    parser.add_argument("--mode", nargs="+", choices=list(GALLERY_CAMERAS), default=list(GALLERY_CAMERAS))
    parser.add_argument("--shots", nargs="+", type=int, default=[1, 10])
    parser.add_argument("--metric", choices=["euclidean", "cosine"], default="euclidean")
    parser.add_argument("--json", type=Path, help="write the results here")
    return parser.parse_args(argv)


def evaluate(arguments: argparse.Namespace) -> Settings:
    """Setting to metric to percent.

    Raises:
        InputError: a file is missing or cannot be used, or features and splits do not go together.
    """
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
    print(f"SYSU-MM01, official permutation, 10 trials, {arguments.metric} distance, percent")
    print(results_table({"": {"SYSU-MM01": results}}))


if __name__ == "__main__":
    main()
