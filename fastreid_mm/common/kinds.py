"""Kinds of values, to check what came from outside: whole numbers, text, tensors by name, lists of these."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from torch import Tensor

_DEPTH = 8  # no state of an optimizer or schedule is nested so deep


class Kind(NamedTuple):
    """A kind of values, which makes others: ``(TEXT | NUMBER).by_name()``."""

    words: str
    """For errors: "a whole number"."""
    holds: Callable[[Any], bool]
    """Whether a value is one."""

    def __or__(self, other: Kind) -> Kind:
        return Kind(f"{self.words} or {other.words}", lambda value: self.holds(value) or other.holds(value))

    def or_none(self) -> Kind:
        """Allow None, too."""
        return Kind(f"{self.words}, or None", lambda value: value is None or self.holds(value))

    def many(self) -> Kind:
        """Make the kind of lists and tuples whose members are all of this one."""
        return Kind(f"a list of {self.words}", lambda value: isinstance(value, list | tuple) and self._all(value))

    def by_name(self) -> Kind:
        """Make the kind of mappings whose names are text and whose values are all of this one."""
        return Kind(
            f"{self.words} by name",
            lambda value: isinstance(value, Mapping) and TEXT._all(value) and self._all(value.values()),
        )

    def _all(self, values: Any) -> bool:
        return all(self.holds(value) for value in values)


def _is_plain(value: object, depth: int = _DEPTH) -> bool:
    if isinstance(value, Mapping):
        value = [*value, *value.values()]
    if isinstance(value, list | tuple):
        return depth > 0 and all(_is_plain(one, depth - 1) for one in value)
    return value is None or isinstance(value, bool | int | float | str | Tensor)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


MAPPING = Kind("entries by name", lambda value: isinstance(value, Mapping))
TEXT = Kind("text", lambda value: isinstance(value, str))
FLAG = Kind("True or False", lambda value: isinstance(value, bool))
WHOLE = Kind("a whole number", _is_whole)
COUNT = Kind("a whole number from 0", lambda value: _is_whole(value) and value >= 0)
NUMBER = Kind("a number", lambda value: isinstance(value, float) or _is_whole(value))
SEED = Kind("a whole number below 2**32", lambda value: COUNT.holds(value) and value < 2**32)
TENSORS = Kind("tensors", lambda value: isinstance(value, Tensor)).by_name()
PLAIN = Kind("numbers, text and tensors", _is_plain)
"""Of any form. It is never evaluated, and is compared with the form that is needed, see
:mod:`fastreid_mm.common.training_state`."""
