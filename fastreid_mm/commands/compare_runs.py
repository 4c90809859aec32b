"""Compare two finished runs: the command ``fastreid-mm-compare-runs``."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fastreid_mm.common.console import printable
from fastreid_mm.common.errors import InputError, one_line_errors, require_packages

if TYPE_CHECKING:
    from fastreid_mm.evaluation.paired_bootstrap import Difference
    from fastreid_mm.papers.run_differences import Compared

DESCRIPTION = """Say in what two runs differ (config, versions, data, results), and whether the difference of their
results is more than the chance of the queries that were asked, or of the images."""
NOTE = (
    "Intervals: 95 %, paired bootstrap, of B - A. They say what other queries, identities or images would change, and "
    "nothing of other seeds."
)


@one_line_errors()
def main(arguments: list[str] | None = None) -> None:
    """Print the differences of two runs."""
    parser = argparse.ArgumentParser(description=DESCRIPTION)
    parser.add_argument("first", type=Path, metavar="A", help="folder of a run, or the file of its results")
    parser.add_argument("second", type=Path, metavar="B", help="likewise")
    args = parser.parse_args(arguments)
    require_packages("yaml", "tabulate")
    for path in (args.first, args.second):
        if not path.exists():
            raise InputError(f"{path} does not exist")
    from fastreid_mm.papers.finished_run import read_run
    from fastreid_mm.papers.run_differences import compare_runs, settings_differences

    first, second = read_run(args.first), read_run(args.second)
    differences, compared = settings_differences(first, second), compare_runs(first, second)
    parts = [
        f"A: {first.results}\nB: {second.results}\n",
        _table(differences, ("differs", "A", "B")) if differences else "No setting differs.",
        "",
        _table([_cells(each, first.saliency) for each in compared], HEAD),
        "",
        NOTE,
        *_unknown(compared),
    ]
    for line in "\n".join(parts).splitlines():
        print(printable(line))


HEAD = ("test", "metric", "A", "B", "B - A", "over queries or images", "over identities", "more than chance")


def _cells(compared: "Compared", shares: bool) -> tuple[str, ...]:
    digits = 4 if shares else 2
    first, second = compared.first, compared.second
    values = ["-" if value is None else f"{value:.{digits}f}" for value in (first, second)]
    change = "-" if first is None or second is None else f"{second - first:+.{digits}f}"
    samples, identities = compared.by_sample, compared.by_identity
    widest = identities or samples
    verdict = "unknown" if widest is None else "yes" if widest.more_than_chance else "no"
    intervals = (_interval(each, digits) for each in (samples, identities))
    return (compared.place, compared.metric, *values, change, *intervals, verdict)


def _interval(difference: "Difference | None", digits: int) -> str:
    return "" if difference is None else f"{difference.low:+.{digits}f} to {difference.high:+.{digits}f}"


def _unknown(compared: Sequence["Compared"]) -> list[str]:
    places = dict.fromkeys(each.place for each in compared)
    known = {each.place for each in compared if each.by_sample}
    lost = [place for place in places if place not in known]
    reason = "the scores of single queries or images are not in both runs, or are of other images"
    return [f"Unknown for {', '.join(lost)}: {reason}."] if lost else []


def _table(rows: Sequence[Sequence[str]], head: Sequence[str]) -> str:
    from tabulate import tabulate

    return tabulate(rows, head, tablefmt="simple", disable_numparse=True)
