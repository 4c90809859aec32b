"""A paper's tables as the files of the folder ``tables`` list them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from fastreid_mm.common.errors import InputError, require_choice

FOLDER = Path(__file__).parent / "tables"
PAPERS = ("cmtr", "cmt", "mun", "ieee", "mutualformer")
Keys = Mapping[str, Any]
"""Values by config key, of fast-reid's or dotted ones of mmsegmentation's."""


class Column(NamedTuple):
    """Test of one network whose metrics a table prints side by side.

    Attributes:
        title: what stands over the columns.
        config: short name of the config, in which ``{method}`` is the row's method.
        result: where the numbers are in the results of a run: data set and setting, or the data set of saliency.
        trials: number of trainings on splits of their own that the numbers are means of.
        test: keys of a test of its own, after the training.
        keys: keys of every training.
    """

    title: str
    config: str
    result: str
    trials: int = 1
    test: Keys = {}
    keys: Keys = {}

    @property
    def shares(self) -> bool:
        """Tell whether the numbers lie between 0 and 1, as those of saliency, and not in percent."""
        return self.config.endswith(".py")


class Row(NamedTuple):
    """Row of a table.

    Attributes:
        name: unique in its table.
        method: of the config; empty for a row that cannot be run here.
        printed: numbers of the paper by column, in the order of the table's metrics; None for one not known.
        only: columns in which the row can be run.
        note: readings that the row takes, or what is to be known of it.
        keys: keys of the training.
        test: keys of a test of its own, after the training.
        small: keys in the place of some for a small network, which the row's own do not fit.
    """

    name: str
    method: str
    printed: Mapping[str, list[float | None]]
    only: tuple[str, ...]
    note: str
    keys: Keys = {}
    test: Keys = {}
    small: Keys = {}


class Table(NamedTuple):
    """Table or figure of a paper.

    Attributes:
        name: its number in the paper, "figure 3", or a word.
        title: what it is about.
        metrics: names of the metrics of every column.
        columns: tests by name.
        rows: its rows.
        note: what holds for all rows.
    """

    name: str
    title: str
    metrics: tuple[str, ...]
    columns: Mapping[str, Column]
    rows: tuple[Row, ...]
    note: str


class Setting(NamedTuple):
    """Values of configs that have one source.

    Attributes:
        source: section of the paper, released code, or "readings" for what neither states.
        configs: short names.
        keys: values by key.
    """

    source: str
    configs: tuple[str, ...]
    keys: Keys


class Paper(NamedTuple):
    """Everything that is listed of a paper.

    Attributes:
        name: as in :data:`PAPERS`.
        title: of its method.
        page: the method's page in the documentation.
        text: a paragraph about the list.
        settings: how its networks are trained, and where that is from.
        tables: its tables.
        differs: what differs from released code.
        pictures: commands by figure.
    """

    name: str
    title: str
    page: str
    text: str
    settings: tuple[Setting, ...]
    tables: tuple[Table, ...]
    differs: str = ""
    pictures: Mapping[str, str] = {}

    def table(self, name: str) -> Table:
        """Return a table by name.

        Raises:
            InputError: there is none; the message lists all.
        """
        require_choice("--table", name, [table.name for table in self.tables])
        return next(table for table in self.tables if table.name == name)


def read_paper(name: str) -> Paper:
    """Read the list of a paper.

    Args:
        name: one of :data:`PAPERS`.

    Raises:
        InputError: there is no such list, or it is wrong; the message says where.
    """
    import yaml  # both hosts bring it

    require_choice("--paper", name, PAPERS)
    content = yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))
    columns = {key: Column(**column) for key, column in content.pop("columns").items()}
    method = content.pop("method")
    tables = tuple(
        _table(f"{name}, table {key}", key, each, columns, method) for key, each in content["tables"].items()
    )
    settings = tuple(Setting(**{**each, "configs": tuple(each["configs"])}) for each in content.get("settings", ()))
    return Paper(name, **content | {"tables": tables, "settings": settings})


def _table(place: str, name: str, content: dict, columns: Mapping[str, Column], method: str) -> Table:
    names = content["columns"]
    for column in names:
        require_choice(f"{place}: column", column, columns)
    rows = tuple(_row(place, each, names, len(content["metrics"]), method) for each in content["rows"])
    twice = {row.name for row in rows if sum(other.name == row.name for other in rows) > 1}
    if twice:
        raise InputError(f"{place}: {', '.join(sorted(twice))} is there twice")
    own = {column: columns[column] for column in names}
    return Table(name, content["title"], tuple(content["metrics"]), own, rows, content.get("note", ""))


def _row(place: str, content: dict, columns: list[str], metrics: int, method: str) -> Row:
    place = f"{place}, row {content.get('row')}"
    unknown = {*content} - {"row", "not_here", *Row._fields[1:]}
    if unknown:
        raise InputError(f"{place}: {', '.join(sorted(unknown))} is no entry of a row")
    printed = content.get("printed", {})
    for column, numbers in printed.items():
        require_choice(f"{place}: column", column, columns)
        if len(numbers) != metrics:
            raise InputError(f"{place}: {len(numbers)} numbers in column {column}, must be {metrics}")
    given = {"method": method, "printed": printed, "only": columns, "note": ""} | content
    if "not_here" in given:
        given |= {"method": "", "note": given.pop("not_here")}
    return Row(str(given.pop("row")), **given | {"only": tuple(given["only"])})
