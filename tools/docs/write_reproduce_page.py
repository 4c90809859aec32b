#!/usr/bin/env python
"""Write docs/reproduce.md, every row of the papers' tables with its keys, from the lists in fastreid_mm/papers/tables.

python tools/docs/write_reproduce_page.py
"""

from pathlib import Path
from textwrap import fill

from fastreid_mm.papers.numbers import slashed
from fastreid_mm.papers.paper import PAPERS, Keys, Paper, Row, Table, read_paper

PAGE = Path(__file__).parents[2] / "docs" / "reproduce.md"
HEAD = Path(__file__).with_name("reproduce_head.md")


def page() -> str:
    """Return the text of the page."""
    return "\n".join([HEAD.read_text(encoding="utf-8"), *(_section(read_paper(name)) for name in PAPERS)])


def _section(paper: Paper) -> str:
    text = f"[The method]({paper.page}), `--paper {paper.name}`. {paper.text} {paper.differs}"
    commands = "; ".join(f"{figure} by `tools/{_script(command)}`" for figure, command in paper.pictures.items())
    pictures = f"Pictures of a trained network: {commands}. See [pictures](visualize.md)."
    parts = [
        f"## {paper.title}",
        _wrapped(text),
        _settings(paper),
        *(_table(paper, table) for table in paper.tables),
        _wrapped(pictures),
    ]
    return "\n\n".join(parts) + "\n"


def _settings(paper: Paper) -> str:
    """Return the table of how networks are trained, by source; a test holds the configs to it."""
    cells = [["source of settings", "configs", "keys"], ["---"] * 3]
    cells += [
        [source, ", ".join(f"`{config}`" for config in configs), _words(keys)]
        for source, configs, keys in paper.settings
    ]
    return "\n".join(map(_line, cells))


def _wrapped(text: str) -> str:
    return fill(text, 140, break_long_words=False, break_on_hyphens=False)


def _script(command: str) -> str:
    name, _, options = command.partition(" ")
    return f"{name}.py {options}"


def _table(paper: Paper, table: Table) -> str:
    shown = {name: each for name, each in table.columns.items() if any(name in row.printed for row in table.rows)}
    head = ["row", *(column.title for column in shown.values()), "keys", ""]
    rows = [
        [
            row.name,
            *(slashed(row.printed.get(name), len(table.metrics), shown[name]) for name in shown),
            _keys(row),
            row.note,
        ]
        for row in table.rows
    ]
    lines = "\n".join(_line(cells) for cells in (head, ["---"] * len(head), *rows))
    return "\n\n".join([f"### {paper.title}, {_heading(table)}", _wrapped(_said(table)), lines])


def _heading(table: Table) -> str:
    name = f"table {table.name}" if table.name[0].isdigit() else table.name
    return f"{name}: {table.title}" if name[-1].isdigit() or name.startswith("figure") else table.title


def _said(table: Table) -> str:
    """Return what stands over a table: how it is asked for, its metrics, configs, keys of the test and note."""
    configs = dict.fromkeys(
        f"`configs/{table.columns[name].config.format(method=row.method)}`"
        for row in table.rows
        if row.method
        for name in row.only
    )
    tests = dict.fromkeys(_words(column.test) for column in table.columns.values() if column.test)
    name = f'"{table.name}"' if " " in table.name else table.name
    parts = [f"`--table {name}`", ", ".join(table.metrics), ", ".join(configs), *(f"Test: {words}" for words in tests)]
    return " ".join(f"{part}." for part in parts if part) + f" {table.note}".rstrip()


def _keys(row: Row) -> str:
    if not row.method:
        return "*not here*"
    return " ".join([*([_words(row.keys)] if row.keys else []), *([f"test: {_words(row.test)}"] if row.test else [])])


def _words(keys: Keys) -> str:
    """Return keys as the host's command line has them; fast-reid's are in capitals."""
    words = [key + (" " if key.isupper() else "=") + _value(value) for key, value in keys.items()]
    return f"`{' '.join(words)}`"


def _value(value: object) -> str:
    text = str(value).replace(", ", ",")
    return f'"{text}"' if not text or set(text) & set("[]'\" ") else text


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)
