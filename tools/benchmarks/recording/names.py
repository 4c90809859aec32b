"""Earlier names of losses, parameters and outputs, from a table that the user writes."""

import re
from fnmatch import fnmatchcase
from pathlib import Path

from fastreid_mm.common.errors import InputError

Rule = tuple[str, str, str]
"""Pattern of configs, regular expression for the beginning of a new name, and beginning of the old one."""


def read_rules(path: Path) -> list[Rule]:
    """Read a file with two or three words on each line; "#" begins a comment.

    Raises:
        InputError: a line has another number of words, or the file does not exist.
    """
    rules = []
    try:
        lines = path.read_text().splitlines()
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is no table of names: {error}") from None
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if len(words) not in (0, 2, 3):
            raise InputError(f"{path}, line {number}: {len(words)} words, must be 2, or 3 with a pattern of configs")
        if words:
            configs, new, old = words if len(words) == 3 else ("*", *words)
            rules.append((configs, new, old))
    return rules


def old_name(rules: list[Rule], config: str, name: str) -> str:
    """Return the old name of something in a config, by all rules one after the other."""
    for configs, new, old in rules:
        if fnmatchcase(config, configs):
            name = re.sub(f"^(?:{new})", old, name)
    return name
