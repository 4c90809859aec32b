"""Tables of images: CSV files with a row for each image file."""

import csv
import os
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from fastreid_mm.common.errors import InputError, listed
from fastreid_mm.common.image_files import NUMBER, is_image
from fastreid_mm.common.text_lines import read_lines
from fastreid_mm.evaluation.hidden_images import JUNK

SPLITS = ("train", "query", "gallery", "test")
"""Words of the column split; ``test`` is query and gallery at once."""


class Row(NamedTuple):
    """Row of a table."""

    place: str
    """File and number of the line, for messages."""
    path: str
    """Path of the image."""
    cells: dict[str, str]
    """Text by column, those that nothing here reads among them."""

    def wrong(self, column: str, problem: str) -> str:
        """Describe a problem of a cell."""
        return f"{self.place}: {column} {self.cells[column]!r} {problem}"


class ImageTable(NamedTuple):
    """Rows of a table with their labels as numbers, each a list with an entry a row."""

    rows: list[Row]
    identities: list[int]
    cameras: list[int] | None
    """Cameras; None if the table has none."""


def read_table(path: str, folder: str = "", needed: Iterable[str] = ()) -> ImageTable:
    """Read a table of images: CSV with commas or semicolons, and names of columns in the first line.

    Columns are path, identity, split (see :data:`SPLITS`), and perhaps camera and modality; others may be there.
    Identities and cameras are whole numbers, which are kept, or words, which are numbered in their order; identity -1
    is nobody's.

    Args:
        path: the path of the CSV.
        folder: the folder that paths in it are relative to; that of the CSV if empty.
        needed: names of further columns without which the table is no use.

    Raises:
        InputError: the CSV is missing or cannot be read; a column is missing; or all cells that cannot be used, all
            files named twice, and the number of missing files, by line, column and value.
    """
    if not path:
        raise InputError(
            "DATASETS.TABLE.FILE names no CSV file: fastreid-mm-make-table writes one of a folder of images"
        )
    rows = read_rows(path, folder, ("path", "identity", "split", *needed))
    cameras = any(row.cells.get("camera") for row in rows)
    filled = ["identity", *needed, *(["camera"] if cameras else [])]
    problems = [problem for row in rows for problem in _problems(row, filled)] + _doubles(rows)
    missing = [row for row in rows if not os.path.isfile(row.path)]
    if missing:
        first = missing[0].wrong("path", f"is no file: {missing[0].path}")
        problems.append(f"missing files: {len(missing)} of {len(rows)}, the first: {first}")
    if problems:
        raise InputError(f"table {listed(problems)}")
    return ImageTable(rows, _numbers(rows, "identity"), _numbers(rows, "camera") if cameras else None)


def read_rows(path: str, folder: str = "", needed: Iterable[str] = ("path",)) -> list[Row]:
    """Read the rows of a table without checking the labels in it; otherwise like :func:`read_table`.

    Raises:
        InputError: the CSV is missing or cannot be read, a column is missing, or there are no rows.
    """
    lines = read_lines(path, "table")
    columns, separator = _header(path, lines, needed)
    folder = folder or os.path.dirname(path)
    rows = [_row(f"{path}:{number}", line, columns, separator, folder) for number, line in lines]
    if not rows:
        raise InputError(f"table {path} has no rows")
    return rows


def _header(path: str, lines: Iterator[tuple[int, str]], needed: Iterable[str]) -> tuple[list[str], str]:
    """Return the names of columns, and what separates cells."""
    number, line = next(lines, (1, ""))
    separator = "," if "," in line else ";"
    columns = [name.strip().lower() for name in _cells(line, separator, f"{path}:{number}")]
    for name in needed:
        if columns.count(name) != 1:
            amount = "several columns" if name in columns else "no column"
            raise InputError(f"table {path}:{number} has {amount} {name!r}; it has {', '.join(columns)}")
    return columns, separator


def _row(place: str, line: str, columns: list[str], separator: str, folder: str) -> Row:
    texts = _cells(line, separator, place)
    if len(texts) != len(columns):
        raise InputError(f"table {place} has {len(texts)} cells, the first line has {len(columns)}: {line[:200]!r}")
    cells = dict(zip(columns, (text.strip() for text in texts)))
    image = os.path.normpath(os.path.join(folder, cells["path"]))
    if "\\" in image and not os.path.isfile(image):  # written on Windows
        image = os.path.normpath(os.path.join(folder, cells["path"].replace("\\", "/")))
    return Row(place, image, cells)


def _cells(line: str, separator: str, place: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator, strict=True), [])
    except csv.Error as error:
        raise InputError(f"table {place} cannot be read: {error}") from None


def _problems(row: Row, filled: Iterable[str]) -> Iterator[str]:
    for column in filled:
        if not row.cells[column]:
            yield row.wrong(column, "is empty")
    if not is_image(row.path):
        yield row.wrong("path", "is no image by its suffix")
    split = row.cells["split"] = row.cells["split"].lower()
    if split not in SPLITS:
        yield row.wrong("split", f"is not one of {', '.join(SPLITS)}")
    if split == "train" and row.cells["identity"] == str(JUNK):
        yield row.wrong("identity", "is nobody's, and cannot be trained on")


def _doubles(rows: list[Row]) -> list[str]:
    first: dict[str, Row] = {}
    return [
        row.wrong("path", f"is that of {first[row.path].place} again")
        for row in rows
        if first.setdefault(row.path, row) is not row
    ]


def _numbers(rows: list[Row], column: str) -> list[int]:
    """Return the whole numbers of a column, or number its words."""
    texts = [row.cells[column] for row in rows]
    if all(re.fullmatch(f"{JUNK}|{NUMBER}", text) for text in texts):
        return [int(text) for text in texts]
    numbers = {text: number for number, text in enumerate(sorted({*texts} - {str(JUNK)}))} | {str(JUNK): JUNK}
    return [numbers[text] for text in texts]
