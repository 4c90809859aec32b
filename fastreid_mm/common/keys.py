"""Declarations of config keys: default, sentence for the documentation, allowed values, and when each takes effect."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.kinds import Kind

if TYPE_CHECKING:  # a package of fast-reid, which this module works without
    from yacs.config import CfgNode


class Key(NamedTuple):
    """Declaration of a config key."""

    default: Any
    sentence: str
    """One sentence, or two, for the table of keys."""
    choices: tuple = ()
    """Allowed values; all if empty."""
    least: float | None = None
    """Smallest allowed number; None means 0, or no bound if the default is negative."""
    above: float | None = None
    """Number that values must exceed."""
    most: float | None = None
    """Largest allowed number. If it is infinity, the value may be infinity, too."""
    kind: Kind | None = None
    """Kind of value that is allowed, mostly for lists of numbers or words."""
    when: str = "building"
    """Time at which it takes effect: "building" (the network and its input, so that features depend on it), only
    "training", only "testing", or "running" if it only says where and how things are computed."""
    if_unread: str = "refused"
    """Treatment of a value that differs from the default and that nothing reads while a run is built: "refused", as it
    has no effect; "warned", if only another key switches it off; "expected", if it is read before or after.
    """
    on_resume: str = ""
    """Treatment of a change when a training is resumed: "refused", if the checkpoint's state would be meaningless;
    "kept", if that state has the value, which is used; "told", with a warning; or "free". Empty means "told" for keys
    of building and training, and "free" for others.
    """
    off_while: tuple[str, Any] | None = None
    """Another key and the value of that key with which this key is read but has no effect."""


DECLARED: dict[str, Key] = {}
"""Declared keys by dotted name, of all modules that were imported and of packages from outside."""


def add_keys(cfg: CfgNode, section: str, keys: Mapping[str, Key]) -> None:
    """Add declared keys and their defaults to a config, in place.

    Args:
        cfg: a config of fast-reid's class.
        section: the dotted name of their node, which is made if there is none; empty for the top level.
        keys: the keys by name; a dot in a name makes another node.
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
    """Describe the values that a key may have, if its value is none of them; empty if it is allowed."""
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
    """Return the numbers of a list of finite numbers, and an empty list for anything else."""
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
    """Yield every dotted key of a config with its value, which does not count as reading it."""
    for key, value in cfg.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def refuse_odd(cfg: CfgNode, defaults: Mapping[str, Any] | None = None) -> None:
    """Refuse values that keys may not have.

    Args:
        defaults: defaults by dotted name of keys that are not declared, which are not checked otherwise.

    Raises:
        InputError: names the key, its value and the allowed values.
    """
    undeclared = {name: Key(default, "") for name, default in (defaults or {}).items()}
    for name, value in leaves(cfg):
        key = DECLARED.get(name) or undeclared.get(name)
        problem = problem_of(key, value) if key else ""
        if problem:
            raise InputError(f"{name} {value!r} is not {problem}")
