"""Results as files and as tables."""

import json
from collections.abc import Callable, Mapping, Sequence
from statistics import mean, stdev
from typing import cast

from fastreid_mm.common.whole_file import write_text

Metrics = Mapping[str, float | str]
"""Values by metric, shares in percent; "gallery" says how galleries were drawn."""
Settings = Mapping[str, Metrics]
"""Metrics by setting of a protocol."""
Results = Mapping[str, Settings]
"""Settings by data set: the content of ``results.json``."""


def write_json(path: str, content: Mapping) -> None:
    """Write a JSON file whole or not at all.

    Raises:
        WriteError: the file cannot be written.
    """
    write_text(path, json.dumps(content, indent=2) + "\n")


def numbers_only(results: Results) -> Results:
    """Drop the entries of results that are not numbers."""
    return {
        dataset: {
            setting: {name: value for name, value in metrics.items() if not isinstance(value, str)}
            for setting, metrics in settings.items()
        }
        for dataset, settings in results.items()
    }


def mean_metrics(runs: Sequence[Metrics]) -> Metrics:
    """Average every number that all runs or trials have; text stays as it is.

    A run lacks a Rank-k if its gallery has fewer than k images.
    """
    return _combined(runs, mean)


def mean_results(runs: Sequence[Results]) -> tuple[Results, Results]:
    """Compute the mean and sample standard deviation of every number over runs with the same settings; keep text."""

    def combine(rule: Callable[[list[float]], float]) -> Results:
        return {
            dataset: {setting: _combined([run[dataset][setting] for run in runs], rule) for setting in settings}
            for dataset, settings in runs[0].items()
        }

    return combine(mean), combine(lambda values: stdev(values) if len(values) > 1 else 0.0)


def _combined(runs: Sequence[Metrics], rule: Callable[[list[float]], float]) -> Metrics:
    return {
        name: value if isinstance(value, str) else rule([cast(float, metrics[name]) for metrics in runs])
        for name, value in runs[0].items()
        if all(name in metrics for metrics in runs)
    }


def results_table(rows: dict[str, Results]) -> str:
    """Make a table of named results, one line for each data set, setting and name.

    Args:
        rows: results by name (trained, untrained, chance ...). Data sets and settings are those of the first results,
            of which others may lack some.

    Returns:
        Markdown, with a column of names if there are several.
    """
    from tabulate import tabulate  # imported here, so that everything but tables works without it

    names, lines = table_of(rows)
    kept = ("data set", "setting", "features")[: 2 + (len(rows) > 1)]
    cells = [[*labels[: len(kept)], *(metrics.get(name, "") for name in names)] for *labels, metrics in lines]
    return tabulate(cells, [*kept, *names], tablefmt="github", floatfmt=".2f")


def table_of(rows: Mapping[str, Results]) -> tuple[list[str], list[tuple[str, str, str, Metrics]]]:
    """List the metrics of named results, and the lines of their table: data set, setting, name and metrics."""
    lines = [
        (dataset, setting, name, results[dataset][setting])
        for dataset, settings in next(iter(rows.values())).items()
        for setting in settings
        for name, results in rows.items()
        if dataset in results
    ]
    return list(dict.fromkeys(metric for *_, metrics in lines for metric in metrics)), lines
