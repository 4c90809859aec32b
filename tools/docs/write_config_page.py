#!/usr/bin/env python
"""Write docs/config.md, the table of fast-reid's keys and those that this package adds, from their declarations.

python tools/docs/write_config_page.py
"""

from itertools import groupby
from pathlib import Path

from fastreid_mm.common.keys import DECLARED, Key
from fastreid_mm.settings.config import config_with
from fastreid_mm.settings.host_keys import KEYS as HOST_KEYS

PAGE = Path(__file__).parents[2] / "docs" / "config.md"
HEAD = """# Keys

All keys of a config: fast-reid's, in italics, and those that this package adds. This page is generated from their
declarations by `python tools/docs/write_config_page.py`. A [reading](glossary.md) is a value that neither a paper nor
its authors' code states. A key takes effect when the network is built, unless its sentence ends in *Training*,
*Testing* or *Running* (it only affects where and how things are computed). Changed keys that nothing reads are refused;
if another key switches them off, a warning names them.
"""


def page() -> str:
    """Return the text of the page."""
    config_with(())  # declares
    keys = sorted(DECLARED.items(), key=lambda pair: (_section(pair[0]) != "", pair[0]))
    parts = [HEAD]
    for section, members in groupby(keys, key=lambda pair: _section(pair[0])):
        rows = [
            f"| {_name(name)} | {_code(key.default)} | {_values(key)} | {_sentence(key)} |" for name, key in members
        ]
        head = ["| key | default | values | what it does |", "| --- | --- | --- | --- |"]
        parts.append("\n".join([f"## {section or 'Top level'}", "", *head, *rows]) + "\n")
    return "\n".join(parts)


def _section(name: str) -> str:
    """Return up to two leading nodes of a key, without its last one."""
    return ".".join(name.split(".")[:-1][:2])


def _name(name: str) -> str:
    return f"*`{name}`*" if name in HOST_KEYS else f"`{name}`"


def _code(value: object) -> str:
    return f"`{value!r}`"


def _values(key: Key) -> str:
    if key.kind:
        return key.kind.words
    if len(key.choices) > 12:  # as of all optimizers
        return ""
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
