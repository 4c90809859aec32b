"""Comparison of two records."""

import math
from collections.abc import Iterator

RELATIVE = 1e-5
"""Largest accepted difference of two numbers, as a share of the larger one."""
ROUNDING = 1e-7
"""Or as a share of the largest number of the same kind in the config, since a gradient of 0 is noise of that size."""


def differences(before: dict, after: dict) -> list[str]:
    """Compare two records.

    Args:
        before: results of :func:`recording.record.record` by config.
        after: the same.

    Returns:
        A line for each number that differs, or that only one record has: config, name, both numbers, and the difference
        as a share of the larger one.
    """
    return [line for config in sorted({*before, *after}) for line in _of_config(config, before, after)]


def _of_config(config: str, before: dict, after: dict) -> Iterator[str]:
    if config not in before or config not in after:
        yield f"{config}: only {'after' if config in after else 'before'}"
        return
    for kind in sorted({*before[config], *after[config]}):
        old, new = (dict(_numbers(side[config].get(kind), kind)) for side in (before, after))
        largest = max((abs(value) for value in old.values() if value is not None), default=0.0)
        for name in [*old, *(name for name in new if name not in old)]:
            if name not in old or name not in new:
                yield f"{config}: {name} only {'after' if name in new else 'before'}"
            elif problem := _difference(old[name], new[name], largest, kind, before[config], name):
                yield f"{config}: {name} {problem}"


def _numbers(value: object, name: str) -> Iterator[tuple[str, float | None]]:
    """Give the numbers of nested mappings and lists, named by their places."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _numbers(part, f"{name} {key}")
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from _numbers(part, f"{name} {place}")
    else:
        yield name, value


def _difference(old: float | None, new: float | None, largest: float, kind: str, record: dict, name: str) -> str:
    """Describe the difference of two numbers; return an empty text if they are the same."""
    if old is None or new is None:
        return "" if old is new else f"{old} before, {new} after"
    share = abs(old - new) / max(abs(old), abs(new), 1e-300)
    allowed = RELATIVE * max(abs(old), abs(new)) + ROUNDING * largest
    parameter, _, number = name.removeprefix("initial ").rpartition(" ")
    if kind == "initial" and number == "deviation":  # random numbers of other draws: five standard deviations
        allowed = 5 / math.sqrt(record["initial"][parameter]["size"]) * max(abs(old), abs(new))
    return "" if abs(old - new) <= allowed else f"{old:.9g} before, {new:.9g} after: {share:.2g}"
