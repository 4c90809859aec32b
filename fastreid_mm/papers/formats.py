"""A comparison as text, CSV, Markdown and LaTeX."""

import csv
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

from fastreid_mm.common.whole_file import write_text
from fastreid_mm.papers.compare import Line
from fastreid_mm.papers.numbers import UNKNOWN, number

HEAD = ("row", "test", "metric", "paper", "ours", "difference", "standard error", "trainings")
FORMATS = {"txt": "simple", "md": "github", "tex": "latex_booktabs"}
"""tabulate's names by suffix."""


def cells(lines: Sequence[Line]) -> list[tuple[str, ...]]:
    """Write out lines; a dash stands for what is not known or not there yet."""
    return [
        (
            line.row,
            line.column.title,
            line.metric,
            number(line.printed, line.column),
            number(line.ours, line.column),
            UNKNOWN if line.difference is None else f"{line.difference:+.{3 if line.column.shares else 2}f}",
            number(line.error, line.column),
            f"{len(line.values)}/{line.expected}" if line.expected else "not here",
        )
        for line in lines
    ]


def as_text(lines: Sequence[Line], suffix: str = "txt") -> str:
    """Make a table of lines.

    Args:
        lines: of the comparison.
        suffix: txt, md, tex or csv.
    """
    if suffix == "csv":
        file = StringIO()
        csv.writer(file, lineterminator="\n").writerows([HEAD, *cells(lines)])
        return file.getvalue()
    from tabulate import tabulate  # imported here, so that lists can be read without it

    align = ("left",) * 3 + ("right",) * 5
    return tabulate(cells(lines), HEAD, tablefmt=FORMATS[suffix], disable_numparse=True, colalign=align) + "\n"


def write_all(lines: Sequence[Line], output: Path, name: str) -> list[Path]:
    """Write a table in all forms and return the paths.

    Raises:
        WriteError: a file cannot be written.
    """
    output.mkdir(parents=True, exist_ok=True)
    paths = [output / f"{name}.{suffix}" for suffix in (*FORMATS, "csv")]
    for path in paths:
        write_text(str(path), as_text(lines, path.suffix[1:]))
    return paths
