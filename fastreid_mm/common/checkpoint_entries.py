"""A closed list of what is taken from a checkpoint that came from outside, each entry checked to its kind."""

from collections.abc import Mapping
from typing import Any, Union

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.kinds import MAPPING, Kind

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
        shown = str(value) if isinstance(value, bool | float | None) else f"of type {type(value).__name__}"
        raise InputError(f"checkpoint {path}: {place} is {shown}, not {kind.words}")
