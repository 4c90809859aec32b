"""Metadata of the images of an index, such as camera and time, from a table, and conditions on them."""

import operator
import os
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from fastreid_mm.common.errors import InputError, listed
from fastreid_mm.data.datasets.table_file import read_rows
from fastreid_mm.retrieval.sources import Member, full_path

_RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_FORM = re.compile(r"\s*(\w[^<>=!]*?)\s*(<=|>=|!=|=|<|>)\s*(.*?)\s*")


class Metadata:
    """Metadata by image, from a CSV with a column path and any others; see ``read_rows`` for its form.

    Args:
        path: the path of the CSV; paths in it are relative to its folder.

    Raises:
        InputError: the CSV is missing or cannot be read, or has no column path.
    """

    def __init__(self, path: str) -> None:
        self._path, rows = path, read_rows(path)
        self._texts = {
            os.path.realpath(row.path): {name.lower(): text for name, text in row.cells.items() if name != "path"}
            for row in rows
        }

    def __len__(self) -> int:
        return len(self._texts)

    def of(self, member: Member) -> dict[str, str] | None:
        """Return the metadata of a row of an index by its file; those that it has if the table does not name it."""
        return self._texts.get(_file(member), member.metadata)

    def difference(self, members: Sequence[Member]) -> str:
        """Say how the paths of the table differ from those of an index, if it names none of its images."""
        table, image = (next(iter(each), "none") for each in (self._texts, map(_file, members)))
        return f"{self._path} names none of the images: it has {table}, and the index {image}"


def _file(member: Member) -> str:
    return os.path.realpath(member.source.file if member.source else full_path(member.name))


class Condition(NamedTuple):
    """Condition on a column: text as it stands, or numbers by their value if both sides are."""

    column: str
    """Name of the column, in lower case."""
    relation: str
    """One of = != < <= > >=."""
    value: str
    """Right-hand side."""

    def met(self, metadata: dict[str, str] | None) -> bool:
        """Tell whether metadata meet the condition; an image without the column meets none."""
        text = (metadata or {}).get(self.column, "")
        if not text:
            return False
        left, right = (float(text), float(self.value)) if _number(text) and _number(self.value) else (text, self.value)
        return _RELATIONS[self.relation](left, right)


def condition_from(text: str) -> Condition:
    """Read a condition such as "camera=3" or "time>=2021-05-03".

    Raises:
        InputError: the text is no condition.
    """
    form = _FORM.fullmatch(text)
    if not form:
        raise InputError(f"--where {text!r} is no condition, such as camera=3 or time>=2021-05-03")
    return Condition(form[1].lower(), form[2], form[3])


def meeting(members: Sequence[Member], where: Sequence[str]) -> np.ndarray:
    """Return the places (n,) of the rows whose metadata meet all conditions, in ascending order.

    Raises:
        InputError: a text is no condition, no row has its column, or no row meets all of them.
    """
    conditions = [condition_from(text) for text in where]
    columns = sorted({name for member in members for name in member.metadata or ()})
    for condition in conditions:
        if condition.column not in columns:
            have = f"it has {listed(columns, 9, ', ')}" if columns else "index again with --metadata"
            raise InputError(f"--where: no image of the index has {condition.column}; {have}")
    places = [
        place for place, member in enumerate(members) if all(condition.met(member.metadata) for condition in conditions)
    ]
    if not places:
        raise InputError(f"--where {' '.join(where)}: none of the {len(members)} images of the index meets it")
    return np.array(places)


def _number(text: str) -> bool:
    try:
        return float(text) == float(text)
    except ValueError:
        return False
