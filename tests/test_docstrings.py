"""Docstrings of blocks and losses, with paper, equation and a running example, and first lines of all docstrings."""

import ast
import doctest
import inspect
import re
import sys
from pathlib import Path

import pytest

from fastreid_mm import layers, losses

PUBLIC = [getattr(package, name) for package in (layers, losses) for name in package.__all__]


@pytest.mark.parametrize("public", PUBLIC, ids=lambda public: public.__name__)
def test_a_block_or_loss_names_its_source_and_shows_how_to_call_it(public):
    written = f"{sys.modules[public.__module__].__doc__}\n{inspect.getdoc(public)}"
    assert re.search(r"https://|(AAAI|ECCV) 20\d\d", written), "neither link nor venue of a paper"
    assert 1 <= len(doctest.DocTestParser().get_examples(inspect.getdoc(public))) <= 4, "no example, or a long one"


ROOT = Path(__file__).parents[1]
RIDDLE = re.compile(r"(What|Those|Of|How|Which)\b")


def _first_lines(file):
    for node in ast.walk(ast.parse(file.read_text())):
        for statement in getattr(node, "body", []) if not isinstance(node, ast.Lambda | ast.IfExp) else []:
            if isinstance(statement, ast.Expr) and isinstance(getattr(statement.value, "value", None), str):
                yield statement.value.value


@pytest.mark.parametrize("package", ["fastreid_mm", "mmseg_mm"])
def test_first_lines_of_docstrings_are_commands_or_nouns(package):
    files = sorted((ROOT / package).rglob("*.py"))
    lines = {line: file.name for file in files for line in _first_lines(file)}
    assert lines, "no docstrings"
    assert not [f"{name}: {line}" for line, name in lines.items() if RIDDLE.match(line)]
