"""Equal parts of a list of work, for several processes or machines."""

import re
from collections.abc import Sequence
from typing import TypeVar

from fastreid_mm.common.errors import InputError

T = TypeVar("T")


def shard_of(items: Sequence[T], shard: str) -> list[T]:
    """Return every N-th item from the I-th on, for a shard "I/N".

    Raises:
        InputError: the shard is not of that form, or there is no such part.
    """
    form = re.fullmatch(r"(\d+)/(\d+)", shard)
    index, count = map(int, form.groups()) if form else (0, 0)
    if not 1 <= index <= count:
        raise InputError(f"--shard {shard} is no part of several, as 1/4")
    return list(items[index - 1 :: count])
