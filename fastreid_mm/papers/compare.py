"""A paper's numbers beside ours."""

from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import NamedTuple

from fastreid_mm.papers.job import Job, jobs
from fastreid_mm.papers.paper import Column, Keys, Row, Table
from fastreid_mm.papers.run import results


class Line(NamedTuple):
    """One number of a row.

    Attributes:
        row: name of the row.
        column: the test that the number is of.
        metric: its name.
        printed: the paper's number, None for one not known.
        values: ours, one of each training.
        expected: number of trainings that there will be.
    """

    row: str
    column: Column
    metric: str
    printed: float | None
    values: tuple[float, ...]
    expected: int

    @property
    def ours(self) -> float | None:
        """Return the mean over all trainings, seeds and splits alike."""
        return mean(self.values) if self.values else None

    @property
    def difference(self) -> float | None:
        """Return our mean minus the paper's number."""
        return None if self.ours is None or self.printed is None else self.ours - self.printed

    @property
    def error(self) -> float | None:
        """Return the standard error of our mean: the sample deviation over the root of the number of trainings."""
        return stdev(self.values) / len(self.values) ** 0.5 if len(self.values) > 1 else None


def compare(table: Table, seeds: Sequence[int], more: Keys, output: Path) -> list[Line]:
    """Set every metric of a table beside what the runs that are there have given.

    Args:
        table: a table, or some rows of it.
        seeds: every run is made with each.
        more: further keys of every training.
        output: the folder of the runs.
    """
    return [
        line
        for row in table.rows
        for name, column in table.columns.items()
        if name in row.only
        for line in _lines(table, row, name, jobs(row, column, seeds, more) if row.method else [], output)
    ]


def _lines(table: Table, row: Row, name: str, runs: Sequence[Job], output: Path) -> list[Line]:
    column = table.columns[name]
    tested = [job for job in runs if job.test] or runs
    found = [each[column.result] for each in (results(job, output) for job in tested) if each and column.result in each]
    printed = row.printed.get(name, [None] * len(table.metrics))
    return [
        Line(row.name, column, metric, number, tuple(each[metric] for each in found if metric in each), len(tested))
        for metric, number in zip(table.metrics, printed)
    ]
