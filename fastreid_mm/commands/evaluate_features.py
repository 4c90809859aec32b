"""Evaluate extracted features by a benchmark's official protocol: the command ``fastreid-mm-evaluate-features``."""

import argparse
from pathlib import Path

from fastreid_mm.common.console import printable
from fastreid_mm.common.errors import one_line_errors, require_packages
from fastreid_mm.common.output_place import require_place
from fastreid_mm.common.requirements import EVALUATION

NAMES = {"sysu": "SYSU-MM01", "regdb": "RegDB", "llcm": "LLCM", "market": "Market-1501", "msvr310": "MSVR310"}
"""Names of protocols in the printed table."""
ARRAYS = {
    "sysu": ("features", "ids", "cameras", "numbers"),
    "regdb": ("features", "ids"),
    "llcm": ("features", "ids", "cameras", "paths"),
    "market": ("features", "ids", "cameras"),
    "msvr310": ("features", "ids", "scenes"),
}
"""Arrays that each protocol needs: those of ``fastreid_mm.evaluation``, which takes seconds to import."""
RULES = ("sysu", "market", "none")
"""Rules that may hide images of a gallery."""
MODES = ("all", "indoor")
"""Modes of SYSU-MM01."""
SYSU_SETTINGS = {"mode": list(MODES), "shots": [1, 10]}
"""Settings of SYSU-MM01 that papers report."""


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """Parse the command line; see ``--help``."""
    parser = argparse.ArgumentParser(description="Evaluate extracted features by a benchmark's official protocol.")
    parser.add_argument("--protocol", choices=list(ARRAYS), default="", help="default: sysu")
    parser.add_argument(
        "--rule",
        choices=RULES,
        default="",
        help="in place of a protocol: rank any gallery once, hiding what this rule hides; none needs no cameras",
    )
    kinds = parser.add_argument_group("features of any protocol: .npz files, or folders of .npy files")
    arrays = "; ".join(f"{protocol}: {', '.join(names)}" for protocol, names in ARRAYS.items())
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
    settings.add_argument("--mode", nargs="+", choices=MODES, help="default: both")
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


@one_line_errors()
def main(argv: list[str] | None = None) -> None:
    """Print the results, and write them where ``--json`` says."""
    arguments = parse_arguments(argv)
    require_packages("evaluation", *EVALUATION)
    if arguments.json:
        require_place(arguments.json, "--json")
    from fastreid_mm.commands.evaluate_files import evaluate
    from fastreid_mm.evaluation.results import results_table, write_json
    from fastreid_mm.evaluation.sysu_splits import gallery_source, read_permutation

    permutation = read_permutation(arguments.splits / "rand_perm_cam.mat") if arguments.splits else None
    results = evaluate(arguments, permutation)
    if arguments.json:
        write_json(str(arguments.json), results)
    name = NAMES.get(arguments.protocol, f"rule {arguments.rule}")
    draw = {"sysu": f"{gallery_source(permutation)}, 10 trials, "}
    print(f"{name}, {draw.get(arguments.protocol, '')}{arguments.metric} distance, percent")
    print(results_table({"": {name: results}}))
    if arguments.json:
        print(printable(f"Results saved in {arguments.json}"))
