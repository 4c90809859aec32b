"""Numbers as tables have them."""

from collections.abc import Sequence

from fastreid_mm.papers.paper import Column

UNKNOWN = "-"


def number(value: float | None, column: Column) -> str:
    """Write a number with two digits, or three of a share; a dash for none."""
    return UNKNOWN if value is None else f"{value:.{3 if column.shares else 2}f}"


def slashed(values: Sequence[float | None] | None, count: int, column: Column) -> str:
    """Write the numbers of a column with slashes between them; one dash if none of them is known."""
    if not values or all(value is None for value in values):
        return UNKNOWN
    return " / ".join(number(value, column) for value in [*values, *[None] * (count - len(values))])
