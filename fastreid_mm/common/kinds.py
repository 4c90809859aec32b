"""Kinds of values, to check what came from outside: whole numbers, text, tensors by name, lists of these."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from torch import Tensor

_DEPTH = 8  # no state of an optimizer or schedule is nested so deep


class Kind(NamedTuple):
    """A kind of values."""

    words: str
    """For errors: "a whole number"."""
    holds: Callable[[Any], bool]
    """Whether a value is one."""


def optional(kind: Kind) -> Kind:
    """Allow None beside what is of a kind."""
    return Kind(f"{kind.words}, or None", lambda value: value is None or kind.holds(value))


def each(kind: Kind) -> Kind:
    """Make the kind of lists and tuples whose members are all of one kind."""
    return Kind(f"a list of {kind.words}", lambda value: isinstance(value, list | tuple) and _all(value, kind))


def named(kind: Kind) -> Kind:
    """Make the kind of mappings whose names are text and whose values are all of one kind."""
    return Kind(
        f"{kind.words} by name",
        lambda value: isinstance(value, Mapping) and _all(value, TEXT) and _all(value.values(), kind),
    )


def either(*kinds: Kind) -> Kind:
    """Make the kind of what is of any of some kinds."""
    return Kind(" or ".join(kind.words for kind in kinds), lambda value: any(kind.holds(value) for kind in kinds))


def _all(values: Any, kind: Kind) -> bool:
    return all(kind.holds(value) for value in values)


def _is_plain(value: object, depth: int = _DEPTH) -> bool:
    if isinstance(value, Mapping):
        value = [*value, *value.values()]
    if isinstance(value, list | tuple):
        return depth > 0 and all(_is_plain(one, depth - 1) for one in value)
    return value is None or isinstance(value, bool | int | float | str | Tensor)


MAPPING = Kind("entries by name", lambda value: isinstance(value, Mapping))
TEXT = Kind("text", lambda value: isinstance(value, str))
FLAG = Kind("True or False", lambda value: isinstance(value, bool))
WHOLE = Kind(
    "a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
)
COUNT = Kind("a whole number from 0", lambda value: WHOLE.holds(value) and value >= 0)
NUMBER = Kind("a number", lambda value: isinstance(value, float) or WHOLE.holds(value))
SEED = Kind("a whole number below 2**32", lambda value: COUNT.holds(value) and value < 2**32)
TENSORS = named(Kind("tensors", lambda value: isinstance(value, Tensor)))
PLAIN = Kind("numbers, text and tensors", _is_plain)
"""Of any form. It is never evaluated, and is compared with the form that is needed, see
:mod:`fastreid_mm.common.training_state`."""
