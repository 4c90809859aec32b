"""Declare a config key once: its default, its sentence, what it may be, and when it takes effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from fastreid_mm.common.errors import InputError

if TYPE_CHECKING:  # fast-reid's, but nothing here needs it
    from yacs.config import CfgNode


class Key(NamedTuple):
    """All there is to know of a config key."""

    default: Any
    sentence: str
    """One sentence, or two, for the table of keys."""
    choices: tuple = ()
    """The values there are; any if empty."""
    least: float | None = None
    """The smallest number."""
    above: float | None = None
    """A number that is too small already."""
    most: float | None = None
    """The largest number."""
    when: str = "building"
    """When it takes effect: "building" (the network, so that features depend on it), "training" alone, or "testing"
    alone."""


DECLARED: dict[str, Key] = {}
"""Every declared key by its dotted name, of all rooms that were imported and of packages from outside."""


def add_keys(cfg: CfgNode, section: str, keys: Mapping[str, Key]) -> None:
    """Add declared keys and their defaults to a config, in place.

    Args:
        cfg: of fast-reid's class.
        section: the dotted node that they are under, made if need be; empty for the top level.
        keys: name to key; a dot in a name makes a node of its own.
    """
    for name, key in keys.items():
        *nodes, last = f"{section}.{name}".strip(".").split(".")
        node = cfg
        for part in nodes:
            if part not in node:
                node[part] = type(cfg)()
            node = node[part]
        node[last] = key.default
        DECLARED[".".join((*nodes, last))] = key


def problem_of(key: Key, value: object) -> str:
    """Tell in words what the value of a declared key should be and is not; empty if it is as it should be."""
    if key.choices and value not in key.choices:
        return f"one of {', '.join(map(str, key.choices))}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    if key.least is not None and not value >= key.least:
        return f"{key.least} or more"
    if key.above is not None and not value > key.above:
        return f"above {key.above}"
    if key.most is not None and not value <= key.most:
        return f"{key.most} or less"
    return ""


def leaves(cfg: CfgNode, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every dotted key of a config and its value, without counting as a read of it."""
    for key, value in cfg.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def refuse_odd(cfg: CfgNode) -> None:
    """Refuse values of declared keys that are none of their choices or out of their bounds.

    Raises:
        InputError: names key and value, and what it should be.
    """
    for name, value in leaves(cfg):
        problem = problem_of(DECLARED[name], value) if name in DECLARED else ""
        if problem:
            raise InputError(f"{name} {value!r} is not {problem}")
