"""Evaluate extracted features by a benchmark's official protocol: the command ``fastreid-mm-evaluate-features``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fastreid_mm.common.output_place import require_place
from fastreid_mm.errors import one_line_errors, require_packages
from fastreid_mm.evaluation import (
    check_complete,
    evaluate_sysu,
    pairwise_distance,
    read_features,
    read_ids,
    read_permutation,
)
from fastreid_mm.evaluation.labelled_features import NEEDED, comparable, evaluate_features, read_arrays
from fastreid_mm.evaluation.results import Settings, results_table, write_json
from fastreid_mm.evaluation.sysu_features import SysuFeatures
from fastreid_mm.evaluation.sysu_mm01 import GALLERY_CAMERAS, QUERY_CAMERAS, RANKS
from fastreid_mm.evaluation.sysu_splits import Permutation, gallery_source

NAMES = {"sysu": "SYSU-MM01", "regdb": "RegDB", "llcm": "LLCM", "market": "Market-1501", "msvr310": "MSVR310"}
"""Of protocols, in the table."""
SYSU_SETTINGS = {"mode": list(GALLERY_CAMERAS), "shots": [1, 10]}
"""Those of papers."""


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """The command line; see ``--help``."""
    parser = argparse.ArgumentParser(description="Evaluate extracted features by a benchmark's official protocol.")
    parser.add_argument("--protocol", choices=list(NEEDED), default="sysu")
    kinds = parser.add_argument_group("features of any protocol: .npz files, or folders of .npy files")
    arrays = "; ".join(f"{protocol}: {', '.join(names)}" for protocol, names in NEEDED.items())
    kinds.add_argument("--query", type=Path, help=f"with the arrays {arrays}")
    kinds.add_argument("--gallery", type=Path, help="likewise; --splits draws SYSU-MM01's galleries as they say")
    official = parser.add_argument_group("features of SYSU-MM01 in its own code's layout")
    official.add_argument("--features", type=Path, help="folder of the files PREFIX_cam{1..6}.mat")
    official.add_argument("--name", metavar="PREFIX", help="prefix of the feature files")
    official.add_argument("--splits", type=Path, help="folder of rand_perm_cam.mat and test_id")
    settings = parser.add_argument_group("settings of SYSU-MM01, in either form")
    settings.add_argument("--mode", nargs="+", choices=list(GALLERY_CAMERAS), help="default: both")
    settings.add_argument("--shots", nargs="+", type=int, help="default: 1 10")
    parser.add_argument(
        "--ranks",
        nargs="+",
        type=int,
        metavar="K",
        help="of each Rank-K (default: 1 10 20; market, msvr310: 1 5 10 20)",
    )
    parser.add_argument(
        "--distractors",
        nargs="+",
        type=int,
        default=[],
        metavar="ID",
        help="with market: identities that are wrong answers and no queries, 0 in Market-1501 (-1 is neither anywhere)",
    )
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
    for name, default in SYSU_SETTINGS.items():
        if getattr(arguments, name) is None:
            setattr(arguments, name, default)
        elif arguments.protocol != "sysu":
            parser.error(f"--{name} is SYSU-MM01's alone")
    if arguments.distractors and arguments.protocol != "market":
        parser.error("--distractors goes with --protocol market")
    return arguments


def evaluate(arguments: argparse.Namespace, permutation: Permutation | None) -> Settings:
    """Setting to metric to percent.

    Args:
        arguments: those of the command line.
        permutation: that of ``--splits``, of SYSU-MM01 alone.

    Raises:
        InputError: a file is missing or cannot be used, or features and splits do not go together.
    """
    if arguments.protocol != "sysu":
        query, gallery = (
            read_arrays(path, NEEDED[arguments.protocol]) for path in (arguments.query, arguments.gallery)
        )
        return evaluate_features(
            arguments.protocol, query, gallery, arguments.metric, arguments.ranks, arguments.distractors
        )
    images, asked, ids = _sysu_arrays(arguments) if arguments.query else _sysu_cells(arguments)
    if permutation is not None:
        check_complete(images, permutation, ids, QUERY_CAMERAS)
        check_complete(asked, permutation, ids, _gallery_cameras(arguments))
    distance = pairwise_distance(*comparable(images.features, asked.features), arguments.metric)
    labels = (images.ids, images.cams, asked.ids, asked.cams, asked.numbers)
    return evaluate_sysu(
        distance, *labels, permutation, modes=arguments.mode, shots=arguments.shots, ranks=arguments.ranks or RANKS
    )


def _sysu_arrays(arguments: argparse.Namespace) -> tuple[SysuFeatures, SysuFeatures, Sequence[int]]:
    """Query, gallery and their identities, of NumPy's files."""
    sides = [read_arrays(path, NEEDED["sysu"]) for path in (arguments.query, arguments.gallery)]
    query, gallery = (SysuFeatures(*(side[name] for name in NEEDED["sysu"])) for side in sides)
    return query, gallery, np.union1d(query.ids, gallery.ids).tolist()


def _sysu_cells(arguments: argparse.Namespace) -> tuple[SysuFeatures, SysuFeatures, Sequence[int]]:
    """Query, gallery and the test identities, in the layout of the set's own code."""
    ids = read_ids(arguments.splits, "test_id")
    query = read_features(arguments.features, arguments.name, ids, QUERY_CAMERAS)
    return query, read_features(arguments.features, arguments.name, ids, _gallery_cameras(arguments)), ids


def _gallery_cameras(arguments: argparse.Namespace) -> list[int]:
    return sorted({camera for mode in arguments.mode for camera in GALLERY_CAMERAS[mode]})


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
        if arguments.json:
            require_place(arguments.json, "--json")
        permutation = read_permutation(arguments.splits / "rand_perm_cam.mat") if arguments.splits else None
        results = evaluate(arguments, permutation)
        if arguments.json:
            write_json(str(arguments.json), results)
        name = NAMES[arguments.protocol]
        draw = {"sysu": f"{gallery_source(permutation)}, 10 trials, "}
        print(f"{name}, {draw.get(arguments.protocol, '')}{arguments.metric} distance, percent")
        print(results_table({"": {name: results}}))


if __name__ == "__main__":
    main()
