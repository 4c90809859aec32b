"""The settings of a checkpoint's training, compared with those of the run that goes on with it."""

from collections.abc import Mapping
from typing import Any


def changed_settings(now: Mapping[str, Any], then: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Find the settings that differ, of those that both have.

    Returns:
        Name to the value then and the value now.
    """
    return {key: (then[key], value) for key, value in now.items() if key in then and not is_same(value, then[key])}


def is_same(value: object, other: object) -> bool:
    """Tell whether two values are equal, tuples and lists alike."""
    if isinstance(value, list | tuple) and isinstance(other, list | tuple):
        return list(value) == list(other)
    return value == other
