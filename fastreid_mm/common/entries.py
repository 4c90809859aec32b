"""A closed list of what is taken from a file that came from outside, each entry checked to its kind."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Union

from torch import Tensor

from fastreid_mm.errors import InputError

_DEPTH = 8  # no state of an optimizer or schedule is nested so deep


class Kind(NamedTuple):
    """What an entry must be."""

    words: str
    """For errors: "a whole number"."""
    holds: Callable[[Any], bool]
    """Whether a value is one."""


Known = Mapping[str, Union[Kind, "Known"]]
"""Kinds by name; a mapping has further names."""


def known_entries(content: Mapping, known: Known, path: str, place: str = "") -> dict[str, Any]:
    """Take the entries that are known from a checkpoint, and leave all others.

    Args:
        content: what was read.
        known: the names that are taken, with their kinds.
        path: of the file, for errors.
        place: the names that lead to ``content``, each with a dot after it, for errors.

    Raises:
        InputError: names the file and the first entry that is of another kind.
    """
    taken: dict[str, Any] = {}
    for name, kind in known.items():
        if name not in content:
            continue
        value = content[name]
        if isinstance(kind, Mapping):
            require_kind(value, MAPPING, path, place + name)
            taken[name] = known_entries(value, kind, path, f"{place}{name}.")
        else:
            require_kind(value, kind, path, place + name)
            taken[name] = value
    return taken


def require_kind(value: object, kind: Kind, path: str, place: str) -> None:
    """Refuse an entry of a checkpoint that is not of its kind.

    Raises:
        InputError: names the file, the entry and both kinds.
    """
    if not kind.holds(value):
        raise InputError(f"checkpoint {path}: {place} is {_told(value)}, not {kind.words}")


def _told(value: object) -> str:
    return str(value) if isinstance(value, bool | float | None) else f"of type {type(value).__name__}"


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
TENSORS = Kind(
    "tensors by name",
    lambda value: (
        isinstance(value, Mapping) and _all(value, TEXT) and all(isinstance(one, Tensor) for one in value.values())
    ),
)
PLAIN = Kind("numbers, text and tensors", _is_plain)
"""Of any form. It is never evaluated, and is compared with the form that is needed: :mod:`fastreid_mm.common.form`."""
