"""Evaluate extracted features by a benchmark's official protocol: the command ``fastreid-mm-evaluate-features``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fastreid_mm.common.errors import one_line_errors, require_packages
from fastreid_mm.common.output_place import require_place
from fastreid_mm.common.requirements import EVALUATION
from fastreid_mm.evaluation import (
    check_complete,
    evaluate_sysu,
    pairwise_distance,
    read_features,
    read_ids,
    read_permutation,
)
from fastreid_mm.evaluation.labelled_features import (
    NEEDED,
    NEEDED_BY_RULE,
    comparable,
    evaluate_features,
    read_arrays,
)
from fastreid_mm.evaluation.results import Settings, results_table, write_json
from fastreid_mm.evaluation.sysu_features import SysuFeatures
from fastreid_mm.evaluation.sysu_mm01 import GALLERY_CAMERAS, QUERY_CAMERAS, RANKS
from fastreid_mm.evaluation.sysu_splits import Permutation, gallery_source

NAMES = {"sysu": "SYSU-MM01", "regdb": "RegDB", "llcm": "LLCM", "market": "Market-1501", "msvr310": "MSVR310"}
"""Names of protocols in the printed table."""
SYSU_SETTINGS = {"mode": list(GALLERY_CAMERAS), "shots": [1, 10]}
"""Settings of SYSU-MM01 that papers report."""


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """Parse the command line; see ``--help``."""
    parser = argparse.ArgumentParser(description="Evaluate extracted features by a benchmark's official protocol.")
    parser.add_argument("--protocol", choices=list(NEEDED), default="", help="default: sysu")
    parser.add_argument(
        "--rule",
        choices=list(NEEDED_BY_RULE),
        default="",
        help="in place of a protocol: rank any gallery once, hiding what this rule hides; none needs no cameras",
    )
    kinds = parser.add_argument_group("features of any protocol: .npz files, or folders of .npy files")
    arrays = "; ".join(f"{protocol}: {', '.join(names)}" for protocol, names in NEEDED.items())
    kinds.add_argument("--query", type=Path, help=f"features of the query, with the arrays {arrays}")
    kinds.add_argument(
        "--gallery",
        type=Path,
        help="features of the gallery, with the same arrays; --splits gives SYSU-MM01's official galleries",
    )
    official = parser.add_argument_group("features of SYSU-MM01 in the layout of its authors' code")
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
        help="K of each Rank-K (default: 1 10 20; market, msvr310, --rule: 1 5 10 20)",
    )
    parser.add_argument(
        "--distractors",
        nargs="+",
        type=int,
        default=[],
        metavar="ID",
        help="with market: identities that only count as wrong answers, 0 in Market-1501 (-1 never counts)",
    )
    parser.add_argument("--metric", choices=["euclidean", "cosine"], default="euclidean")
    parser.add_argument("--json", type=Path, help="file to write the results to")
    arguments = parser.parse_args(argv)
    if arguments.protocol and arguments.rule:
        parser.error("--rule takes the place of --protocol")
    if not arguments.rule:
        arguments.protocol = arguments.protocol or "sysu"
    mat = arguments.protocol == "sysu" and not (arguments.query or arguments.gallery)
    needed = ("features", "name", "splits") if mat else ("query", "gallery")
    missing = [f"--{name}" for name in needed if not getattr(arguments, name)]
    if missing:
        parser.error(f"the following arguments are required: {', '.join(missing)}")
    if not mat and (arguments.features or arguments.name or (arguments.splits and arguments.protocol != "sysu")):
        parser.error("--features and --name do not go with --query and --gallery, and --splits is only for SYSU-MM01")
    for name, default in SYSU_SETTINGS.items():
        if getattr(arguments, name) is None:
            setattr(arguments, name, default)
        elif arguments.protocol != "sysu":
            parser.error(f"--{name} is only for SYSU-MM01")
    if arguments.distractors and arguments.protocol not in ("market", ""):
        parser.error("--distractors goes with --protocol market or --rule")
    return arguments


def evaluate(arguments: argparse.Namespace, permutation: Permutation | None) -> Settings:
    """Evaluate features, and return the metrics of each setting in percent.

    Args:
        arguments: the parsed command line.
        permutation: the official draws in ``--splits``; only for SYSU-MM01.

    Raises:
        InputError: a file is missing or cannot be used, or features and splits do not go together.
    """
    if arguments.protocol != "sysu":
        needed = NEEDED_BY_RULE[arguments.rule] if arguments.rule else NEEDED[arguments.protocol]
        query, gallery = (read_arrays(path, needed) for path in (arguments.query, arguments.gallery))
        ranks, distractors = arguments.ranks or (), arguments.distractors
        return evaluate_features(
            arguments.protocol, query, gallery, arguments.metric, ranks, distractors, arguments.rule
        )
    query_images, gallery_images, ids = _sysu_arrays(arguments) if arguments.query else _sysu_cells(arguments)
    if permutation is not None:
        check_complete(query_images, permutation, ids, QUERY_CAMERAS)
        check_complete(gallery_images, permutation, ids, _gallery_cameras(arguments))
    distance = pairwise_distance(*comparable(query_images.features, gallery_images.features), arguments.metric)
    labels = (
        query_images.ids,
        query_images.cams,
        gallery_images.ids,
        gallery_images.cams,
        gallery_images.numbers,
    )
    return evaluate_sysu(
        distance, *labels, permutation, modes=arguments.mode, shots=arguments.shots, ranks=arguments.ranks or RANKS
    )


def _sysu_arrays(arguments: argparse.Namespace) -> tuple[SysuFeatures, SysuFeatures, Sequence[int]]:
    """Read query, gallery and their identities from NumPy files."""
    sides = [read_arrays(path, NEEDED["sysu"]) for path in (arguments.query, arguments.gallery)]
    query, gallery = (SysuFeatures(*(side[name] for name in NEEDED["sysu"])) for side in sides)
    return query, gallery, np.union1d(query.ids, gallery.ids).tolist()


def _sysu_cells(arguments: argparse.Namespace) -> tuple[SysuFeatures, SysuFeatures, Sequence[int]]:
    """Read query, gallery and the test identities in the layout of SYSU-MM01's code."""
    ids = read_ids(arguments.splits, "test_id")
    query = read_features(arguments.features, arguments.name, ids, QUERY_CAMERAS)
    return query, read_features(arguments.features, arguments.name, ids, _gallery_cameras(arguments)), ids


def _gallery_cameras(arguments: argparse.Namespace) -> list[int]:
    return sorted({camera for mode in arguments.mode for camera in GALLERY_CAMERAS[mode]})


def main(argv: list[str] | None = None) -> None:
    """Print the results, and write them where ``--json`` says.

    Args:
        argv: the arguments; by default those of the command line.

    Raises:
        SystemExit: with status 2 and one line on standard error for whatever the user can put right.
    """
    arguments = parse_arguments(argv)
    with one_line_errors():
        require_packages("evaluation", *EVALUATION)
        if arguments.json:
            require_place(arguments.json, "--json")
        permutation = read_permutation(arguments.splits / "rand_perm_cam.mat") if arguments.splits else None
        results = evaluate(arguments, permutation)
        if arguments.json:
            write_json(str(arguments.json), results)
        name = NAMES.get(arguments.protocol, f"rule {arguments.rule}")
        draw = {"sysu": f"{gallery_source(permutation)}, 10 trials, "}
        print(f"{name}, {draw.get(arguments.protocol, '')}{arguments.metric} distance, percent")
        print(results_table({"": {name: results}}))


if __name__ == "__main__":
    main()
