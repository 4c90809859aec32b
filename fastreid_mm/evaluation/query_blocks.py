"""Queries some at a time, so that memory does not grow with their number."""

from collections.abc import Iterator

_VALUES = 1 << 25  # distances at a time: 128 MiB of float32


def query_blocks(queries: int, gallery: int) -> Iterator[slice]:
    """Split queries into blocks whose distances fit in little memory.

    Args:
        queries: Nq.
        gallery: Ng, the number of distances of a query.

    Examples:
        >>> list(query_blocks(3, 1 << 24))
        [slice(0, 2, None), slice(2, 3, None)]
    """
    step = max(1, _VALUES // max(1, gallery))
    return (slice(start, min(start + step, queries)) for start in range(0, queries, step))
