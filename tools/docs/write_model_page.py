#!/usr/bin/env python
"""Write docs/model_zoo.md, the trained networks, from the papers' lists and the rows in docs/models.

python tools/docs/write_model_page.py
"""

from collections.abc import Sequence
from pathlib import Path

from fastreid_mm.papers.numbers import UNKNOWN, number, slashed
from fastreid_mm.papers.paper import PAPERS, Column, Paper, Row, Table, read_paper
from fastreid_mm.papers.submission import Submission, read_submissions

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "model_zoo.md"
ROWS = DOCS / "models"
HEADING = ("method", "data set", "config", "metrics", "paper", "ours", "log", "model")


def page(submitted: Sequence[Submission]) -> str:
    """Return the text of the page."""
    papers = [read_paper(name) for name in PAPERS]
    return "\n".join(
        [
            Path(__file__).with_name("model_zoo_head.md").read_text(encoding="utf-8"),
            *(_section(paper, submitted) for paper in papers),
        ]
    )


def _section(paper: Paper, submitted: Sequence[Submission]) -> str:
    lines = [HEADING, ("---",) * len(HEADING)]
    seen = set()
    for table in paper.tables:
        for row in table.rows:
            own = [
                each for each in submitted if (each.paper, each.table, each.row) == (paper.name, table.name, row.name)
            ]
            for name in row.only:
                column = table.columns[name]
                place = column.config.format(method=row.method), column.result
                shipped = row.method and name in row.printed and not (row.keys or row.test or column.test)
                if own or (shipped and place not in seen):
                    seen.add(place)
                    lines += [_line(table, row, name, column, each) for each in own or [None]]
    text = "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |").replace("|  |", "| |") for line in lines)
    return f"## {paper.title}\n\n{text}\n"


def _line(table: Table, row: Row, name: str, column: Column, submission: Submission | None) -> tuple[str, ...]:
    ours = _ours(submission, name, column) if submission else "*needs the licensed set*"
    links = [f"[{what}]({place})" if place else "" for what, place in _places(submission)]
    config = f"`{column.config.format(method=row.method)}`"
    printed = slashed(row.printed.get(name), len(table.metrics), column)
    return (row.name, column.title, config, " / ".join(table.metrics), printed, ours, *links)


def _ours(submission: Submission, name: str, column: Column) -> str:
    cells = [
        number(value, column) + ("" if error is None else f" ± {number(error, column)}")
        for value, error in zip(submission.numbers[name], submission.errors[name])
    ]
    begun = "" if submission.weights != "random" else ", from random weights"
    return f"{' / '.join(cells) or UNKNOWN} ({len(submission.seeds)} seeds{begun})"


def _places(submission: Submission | None) -> list[tuple[str, str]]:
    return [("log", submission.log), ("model", submission.checkpoint)] if submission else [("log", ""), ("model", "")]


if __name__ == "__main__":
    PAGE.write_text(page(read_submissions(ROWS)), encoding="utf-8")
    print(PAGE)
