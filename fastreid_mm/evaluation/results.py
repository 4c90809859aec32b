"""Results as files and as tables."""

import json
from collections.abc import Callable, Mapping, Sequence
from statistics import mean, stdev
from typing import cast

from fastreid_mm.common.whole_file import write_text

Metrics = Mapping[str, float | str]
"""Metric to value, in percent where it is a share; "gallery" says how galleries were drawn."""
Settings = Mapping[str, Metrics]
"""Setting of a protocol to its metrics."""
Results = Mapping[str, Settings]
"""Data set to its settings: what ``results.json`` holds."""


def write_json(path: str, content: Mapping) -> None:
    """Write a JSON file whole or not at all.

    Raises:
        WriteError: it cannot be written.
    """
    write_text(path, json.dumps(content, indent=2) + "\n")


def numbers_only(results: Results) -> Results:
    """The results without what is not a number."""
    return {
        dataset: {
            setting: {name: value for name, value in metrics.items() if not isinstance(value, str)}
            for setting, metrics in settings.items()
        }
        for dataset, settings in results.items()
    }


def mean_metrics(found: Sequence[Metrics]) -> Metrics:
    """Mean of every number that all runs or trials have; text stays as it is.

    One has a rank fewer where its gallery is smaller than the rank.
    """
    return _combined(found, mean)


def mean_results(found: Sequence[Results]) -> tuple[Results, Results]:
    """Mean and sample standard deviation of every number over runs with the same settings; text stays as it is."""

    def combine(rule: Callable[[list[float]], float]) -> Results:
        return {
            dataset: {setting: _combined([run[dataset][setting] for run in found], rule) for setting in settings}
            for dataset, settings in found[0].items()
        }

    return combine(mean), combine(lambda values: stdev(values) if len(values) > 1 else 0.0)


def _combined(found: Sequence[Metrics], rule: Callable[[list[float]], float]) -> Metrics:
    return {
        name: value if isinstance(value, str) else rule([cast(float, metrics[name]) for metrics in found])
        for name, value in found[0].items()
        if all(name in metrics for metrics in found)
    }


def results_table(rows: dict[str, Results]) -> str:
    """A table of named results, one line for each data set, setting and name.

    Args:
        rows: name (trained, untrained, chance ...) to results. The data sets are the first results'; others may lack
            some.

    Returns:
        Markdown, with a column of names if there are several.
    """
    from tabulate import tabulate  # here: what needs no table works without it

    names = list(
        dict.fromkeys(
            metric
            for results in rows.values()
            for settings in results.values()
            for metrics in settings.values()
            for metric in metrics
        )
    )
    several = len(rows) > 1
    lines = [
        [dataset, setting, *([name] if several else []), *(results[dataset][setting].get(n, "") for n in names)]
        for dataset in next(iter(rows.values()))
        for setting in next(iter(rows.values()))[dataset]
        for name, results in rows.items()
        if dataset in results
    ]
    header = ["data set", "setting", *(["features"] if several else []), *names]
    return tabulate(lines, header, tablefmt="github", floatfmt=".2f")
