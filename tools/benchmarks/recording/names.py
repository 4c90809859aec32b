"""Earlier names of losses, parameters and outputs, from a table that the user writes."""

import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple, Self

from fastreid_mm.common.errors import InputError


class Names:
    """Table of names.

    Args:
        rules: a pattern of configs, a regular expression for the beginning of a new name, and the beginning of the old
            one. They are applied one after the other.
    """

    def __init__(self, rules: list["Rule"]) -> None:
        self._rules = rules

    @classmethod
    def read(cls, path: Path | None) -> Self:
        """Read a file with two or three words on each line; "#" begins a comment.

        Raises:
            InputError: a line has another number of words, or the file does not exist.
        """
        rules = []
        try:
            lines = path.read_text().splitlines() if path else []
        except (OSError, ValueError) as error:
            raise InputError(f"{path} is no table of names: {error}") from None
        for number, line in enumerate(lines, 1):
            words = line.partition("#")[0].split()
            if len(words) not in (0, 2, 3):
                raise InputError(
                    f"{path}, line {number}: {len(words)} words, must be 2, or 3 with a pattern of configs"
                )
            if words:
                rules.append(Rule(*words) if len(words) == 3 else Rule("*", *words))
        return cls(rules)

    def old(self, config: str, name: str) -> str:
        """Return the old name of something in a config."""
        for rule in self._rules:
            if fnmatchcase(config, rule.configs):
                name = re.sub(f"^(?:{rule.new})", rule.old, name)
        return name


class Rule(NamedTuple):
    """Line of the table."""

    configs: str
    new: str
    old: str
