"""Train rows of the papers' tables and compare with what is printed: the command ``fastreid-mm-reproduce``."""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path

from fastreid_mm.common.errors import InputError, one_line_errors, require_choice, require_packages
from fastreid_mm.common.initial_weights import INITIAL, RANDOM
from fastreid_mm.common.shards import shard_of
from fastreid_mm.papers.compare import compare
from fastreid_mm.papers.demo import small_table
from fastreid_mm.papers.formats import as_text, write_all
from fastreid_mm.papers.job import Job, jobs, shell
from fastreid_mm.papers.paper import PAPERS, Table, read_paper
from fastreid_mm.papers.run import record, run_jobs
from fastreid_mm.papers.submission import submit

DESCRIPTION = "Train rows of a paper's table, each in its method's own trainer, and set our numbers beside the paper's."


def argument_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(description=DESCRIPTION)
    parser.add_argument("--paper", required=True, choices=PAPERS)
    parser.add_argument("--table", help='a table\'s number, "figure 7" or the like; all of them by default')
    parser.add_argument("--row", nargs="+", metavar="NAME", help="rows by name; all of them by default")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1], metavar="N", help="train with each; default: 1")
    parser.add_argument("--scale", choices=("full", "demo"), default="full", help="demo: small, on drawn data")
    parser.add_argument("--shard", default="1/1", metavar="I/N", help="of N equal parts of the trainings, the I-th")
    parser.add_argument("--output", type=Path, default=Path("logs/reproduce"), metavar="DIR", help="folder of all runs")
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--dry-run", action="store_true", help="print the commands, run nothing")
    group.add_argument("--collect", action="store_true", help="print the tables of what there is, run nothing")
    group.add_argument(
        "--submit",
        type=Path,
        metavar="DIR",
        help="write finished rows for the model page, and folders of their networks; run nothing",
    )
    parser.add_argument("opts", nargs=argparse.REMAINDER, metavar="KEY VALUE", help="further keys of every training")
    return parser


@one_line_errors()
def main(arguments: list[str] | None = None) -> None:
    """Train what has no results yet, print the tables and write them to ``--output``.

    The status is 1 if a run failed, and 143 if one was stopped.
    """
    args = argument_parser().parse_args(arguments)
    require_packages("fastreid", "yaml", "tabulate")  # of which either host brings the first
    if args.row and not args.table:
        raise InputError("--row names rows of a table: give --table, too")
    if args.submit and (args.scale == "demo" or args.opts or not args.row):
        raise InputError("--submit takes rows by --row, at full scale and without further keys")
    _reproduce(args)


def _reproduce(args: argparse.Namespace) -> None:
    paper, more = read_paper(args.paper), _pairs(args.opts)
    tables = [paper.table(args.table)] if args.table else list(paper.tables)
    if args.scale == "demo":
        tables = [small_table(table) for table in tables]
    tables = [_selected(table, args.row) for table in tables]
    every = _jobs(args, tables, more).values()
    trainings = shard_of([job for job in every if not job.test], args.shard)
    part = [job for job in every if job.training() in trainings]  # with the tests of these trainings
    if args.dry_run:
        print("\n".join(shell(job.command(args.output)) for job in part))
        return
    failed = [] if args.collect or args.submit else run_jobs(part, args.output)
    for table in tables:
        _report(args, table, more)
        if args.submit:
            _submit(args, table)
    for line in failed:
        print(f"failed: {line}")
    if failed:
        raise SystemExit(1)


def _jobs(args: argparse.Namespace, tables: Sequence[Table], more: dict[str, str]) -> dict[Path, Job]:
    """Return all trainings and tests of tables, each once, by folder."""
    return {
        job.folder(args.output): job
        for table in tables
        for row in table.rows
        if row.method
        for name in row.only
        for job in jobs(row, table.columns[name], args.seeds, more)
    }


def _report(args: argparse.Namespace, table: Table, more: dict[str, str]) -> None:
    lines = compare(table, args.seeds, more, args.output)
    name = "_".join([args.paper, *re.findall(r"\w+", table.name), *(["demo"] if args.scale == "demo" else [])])
    paths = write_all(lines, args.output, name)
    print(f"\n{args.paper}, {table.name}: {table.title}\n\n{as_text(lines)}\n{', '.join(map(str, paths))}")
    trainings = [job for job in _jobs(args, [table], more).values() if not job.test]
    random = sum(record(job, args.output).get(INITIAL) == RANDOM for job in trainings)
    if random:
        print(f"{random} of {len(trainings)} trainings began from random weights, not from pretrained ones")


def _submit(args: argparse.Namespace, table: Table) -> None:
    for row in table.rows:
        lines = [line for line in compare(table, args.seeds, {}, args.output) if line.row == row.name]
        paths = submit(args.paper, table, row, lines, args.seeds, args.output, args.submit)
        told = "fill in log and checkpoint, then tools/docs/write_model_page.py"
        print(f"submitted: {', '.join(map(str, paths))}; {told}")


def _selected(table: Table, names: Sequence[str] | None) -> Table:
    known = [row.name for row in table.rows]
    for name in names or ():
        require_choice("--row", name, known)
    return table._replace(rows=tuple(row for row in table.rows if not names or row.name in names))


def _pairs(words: Sequence[str]) -> dict[str, str]:
    if len(words) % 2:
        raise InputError(f"keys come as KEY VALUE pairs, {words[-1]!r} is left over")
    return dict(zip(words[::2], words[1::2]))
