"""Comparison of the settings of a checkpoint's training with those of the run that resumes it."""

from collections.abc import Mapping
from typing import Any


def changed_settings(now: Mapping[str, Any], then: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Find the settings that both trainings have and that differ.

    Returns:
        The value then and the value now, by name.
    """
    return {key: (then[key], value) for key, value in now.items() if key in then and not is_same(value, then[key])}


def is_same(value: object, other: object) -> bool:
    """Tell whether two values are equal, tuples and lists alike."""
    if isinstance(value, list | tuple) and isinstance(other, list | tuple):
        return list(value) == list(other)
    return value == other
