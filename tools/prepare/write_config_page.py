#!/usr/bin/env python
"""Write docs/config.md, the table of all keys that this package adds to fast-reid's, from their declarations.

python tools/prepare/write_config_page.py
"""

from itertools import groupby
from pathlib import Path

from fastreid_mm.common.keys import DECLARED, Key
from fastreid_mm.settings.imports import config_with

PAGE = Path(__file__).parents[2] / "docs" / "config.md"
HEAD = """# Keys

The keys that this package adds to fast-reid's, whose own keep their meaning. Each is declared once, in the room of the
code that reads it, and this page is made of the declarations: `python tools/prepare/write_config_page.py`. "A reading"
is a value that neither a paper nor its authors' code states. A key takes effect when the network is built, unless it
says that it is of training or testing alone; one that nothing reads is refused, one that another key switches off is
warned of.
"""


def page() -> str:
    """Return the text of the page."""
    config_with(())  # declares
    keys = sorted(DECLARED.items(), key=lambda pair: (_section(pair[0]) != "", pair[0]))
    parts = [HEAD]
    for section, members in groupby(keys, key=lambda pair: _section(pair[0])):
        rows = [f"| `{name}` | {_code(key.default)} | {_values(key)} | {_sentence(key)} |" for name, key in members]
        head = ["| key | default | values | what it does |", "| --- | --- | --- | --- |"]
        parts.append("\n".join([f"## {section or 'Top level'}", "", *head, *rows]) + "\n")
    return "\n".join(parts)


def _section(name: str) -> str:
    """The first two nodes of a key, or one if it has no more."""
    return ".".join(name.split(".")[:-1][:2])


def _code(value: object) -> str:
    return f"`{value!r}`"


def _values(key: Key) -> str:
    if key.choices:
        return ", ".join(map(_code, key.choices))
    bounds = [("from", key.least), ("above", key.above), ("to", key.most)]
    return " ".join(f"{word} {bound:g}" for word, bound in bounds if bound is not None)


def _sentence(key: Key) -> str:
    of = "" if key.when == "building" else f" *{key.when.capitalize()}.*"
    return key.sentence.replace("|", "\\|") + of


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE}: {len(DECLARED)} keys")
