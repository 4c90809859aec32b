"""Results that a config expects of a run, as ``[*names, value, tolerance]``."""

from collections.abc import Mapping, Sequence
from functools import reduce

from fastreid_mm.common.errors import InputError, listed


def require_form(key: str, expected: Sequence, names: Sequence[str]) -> None:
    """Refuse entries that are not as many names, a value and a tolerance.

    Raises:
        InputError: names the key and the entry.
    """
    for entry in expected:
        words = [isinstance(part, str) for part in entry] if isinstance(entry, list | tuple) else []
        if words != [True] * len(names) + [False] * 2 or not all(isinstance(part, int | float) for part in entry[-2:]):
            raise InputError(f"{key}: {entry!r} is not [{', '.join(names)}, value, tolerance]")


def require_reached(key: str, expected: Sequence, results: Mapping, digits: int) -> None:
    """Compare results, mappings in mappings by the names, with the expected ones.

    Raises:
        InputError: names every result that is missing or further from its value than the tolerance.
    """
    misses = []
    for *names, value, tolerance in expected:
        result = reduce(lambda found, name: found.get(name, {}), names, results)
        is_number = isinstance(result, int | float)
        if not is_number or not abs(result - value) <= tolerance:
            was = f"{result:.{digits}f}" if is_number else "not among the results"
            misses.append(f"{' '.join(names)} is {was}, not within {tolerance:g} of {value:g}")
    if misses:
        raise InputError(f"{key}: {listed(misses)}")
