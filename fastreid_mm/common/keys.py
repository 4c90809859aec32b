"""Declare a config key once: its default, its sentence, what it may be, and when it takes effect."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.kinds import Kind

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
    """The smallest number. Without it, 0 if the default is no negative number."""
    above: float | None = None
    """A number that is too small already."""
    most: float | None = None
    """The largest number. With infinity, the number itself may be infinite, too."""
    kind: Kind | None = None
    """What a list of numbers, or of words, has to be."""
    when: str = "building"
    """When it takes effect: "building" (the network and its input, so that features depend on it), "training" alone,
    "testing" alone, or "running" of what only says where and how things are computed."""
    if_unread: str = "refused"
    """What happens to a value that is not the default and that nothing reads while a run is built: "refused", as it
    has no effect; "warned" of, where another key alone switches it off; "expected" of one that is read before or after.
    """
    on_resume: str = ""
    """What happens to a change when a training is resumed: "refused", where the checkpoint's state would mean nothing;
    "kept", where that state has the value; "told"; or "free". Empty is told of what is trained, and free of the rest.
    """
    off_while: tuple[str, Any] | None = None
    """Another key and its value with which this one is read and has no effect."""


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


def problem_of(key: Key, value: Any) -> str:
    """Tell in words what the value of a key should be and is not; empty if it is as it should be."""
    if value is None and key.default is not None:  # yacs takes None for a value of any type
        return f"a value, as {key.default!r} is"
    if key.choices and value not in key.choices:
        return f"one of {', '.join(map(str, key.choices))}"
    if key.kind is not None and not key.kind.holds(value):
        return key.kind.words
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    if not math.isfinite(value) and not (key.most == math.inf and value > 0):
        return "a finite number"
    if key.above is not None and not value > key.above:
        return f"above {key.above}"
    least = key.least
    if least is None and isinstance(key.default, int | float) and key.default >= 0:
        least = 0
    if least is not None and not value >= least:
        return f"{least} or more"
    if key.most is not None and not value <= key.most:
        return f"{key.most} or less"
    return ""


def finite_numbers(value: object) -> list[int | float]:
    """Return the numbers of a list of finite numbers, and none of anything else."""
    if not isinstance(value, list | tuple):
        return []
    numbers = [each for each in value if isinstance(each, int | float) and not isinstance(each, bool)]
    return numbers if len(numbers) == len(value) and all(map(math.isfinite, numbers)) else []


def _are_whole(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(type(each) is int for each in value)


def _is_pattern(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(re.compile(value))
    except re.error:
        return False


SIZE = Kind("two whole numbers above 0", lambda value: _are_whole(value) and len(value) == 2 and min(value) >= 1)
CHANNELS = Kind("three finite numbers", lambda value: len(finite_numbers(value)) == 3)
WHOLE_NUMBERS = Kind("a list of whole numbers", _are_whole)
RANKS = Kind("a list of whole numbers above 0", lambda value: _are_whole(value) and min(value, default=1) >= 1)
PROBABILITY = Kind("a probability, 0 to 1", lambda value: 0 <= value <= 1)
DROPOUT = Kind("0 or more and below 1", lambda value: 0 <= value < 1)
PATTERNS = Kind("a list of regular expressions", lambda value: all(map(_is_pattern, value)))


def leaves(cfg: CfgNode, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every dotted key of a config and its value, without counting as a read of it."""
    for key, value in cfg.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def refuse_odd(cfg: CfgNode, defaults: Mapping[str, Any] | None = None) -> None:
    """Refuse values of keys that cannot be.

    Args:
        cfg: the config.
        defaults: of keys that are not declared, by dotted names; without it these are not looked at.

    Raises:
        InputError: names key and value, and what it should be.
    """
    undeclared = {name: Key(default, "") for name, default in (defaults or {}).items()}
    for name, value in leaves(cfg):
        key = DECLARED.get(name) or undeclared.get(name)
        problem = problem_of(key, value) if key else ""
        if problem:
            raise InputError(f"{name} {value!r} is not {problem}")
