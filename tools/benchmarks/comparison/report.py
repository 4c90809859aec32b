"""Report of runs: a table, differences paired by seed, and curves."""

from math import sqrt
from pathlib import Path
from statistics import mean, stdev

import matplotlib.pyplot as plt

from comparison.experiment import Experiment
from comparison.runs import Curve

Measured = dict[str, dict[str, Curve]]
"""Curves by row and seed."""


def table(experiment: Experiment, measured: Measured) -> str:
    """Make a table of the mean and sample standard deviation over seeds of each row's last metrics, as Markdown."""
    names = [name for name in (*experiment.rows, "untrained", "chance") if name in measured]
    lines = [f"| {experiment.setting} | {' | '.join(experiment.metrics)} | seeds |"]
    lines += ["|" + " --- |" * (len(experiment.metrics) + 2)]
    for name in names:
        ends = [curve[-1] for curve in measured[name].values()]
        cells = [_spread([end[metric] for end in ends]) for metric in experiment.metrics]
        lines.append(f"| {name} | {' | '.join(cells)} | {len(ends)} |")
    return "\n".join(lines)


def differences(experiment: Experiment, measured: Measured, metrics: tuple[str, ...] = ("Rank-1", "mAP")) -> str:
    """Make a table of differences between each row and its base with the same seed: mean and standard error, Markdown.

    With one seed there is no error.
    """
    lines = [f"| minus its base | base | {' | '.join(metrics)} | seeds |", "|" + " --- |" * (len(metrics) + 3)]
    for name, row in experiment.rows.items():
        both = sorted(measured.get(name, {}).keys() & measured.get(row.base, {}).keys())
        if both:
            cells = [
                _error([measured[name][seed][-1][metric] - measured[row.base][seed][-1][metric] for seed in both])
                for metric in metrics
            ]
            lines.append(f"| {name} | {row.base} | {' | '.join(cells)} | {len(both)} |")
    return "\n".join(lines)


def draw_curves(experiment: Experiment, measured: Measured, path: Path, metric: str = "mAP") -> None:
    """Draw each base with the rows compared with it: means over seeds against epochs, as a picture.

    Rows that only test another row's network have no curve.
    """
    rows = {name: row for name, row in experiment.rows.items() if name in measured and not row.tests}
    bases = list(dict.fromkeys(row.base for row in rows.values() if row.base in rows))
    figure, panels = plt.subplots(1, max(1, len(bases)), figsize=(4.5 * max(1, len(bases)), 3.6), squeeze=False)
    for axes, base in zip(panels[0], bases):
        for name in (base, *(name for name, row in rows.items() if row.base == base)):
            epochs, means, spreads = _mean_curve(list(measured[name].values()), metric)
            axes.errorbar(epochs, means, spreads, label=name, capsize=2, marker="." if name != base else "o")
        axes.set(xlabel="epoch", ylabel=f"{metric} (%)", title=base)
        axes.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _mean_curve(curves: list[Curve], metric: str) -> tuple[list[float], list[float], list[float]]:
    epochs = sorted(set.intersection(*({point["epoch"] for point in curve} for curve in curves)))
    values = [[point[metric] for curve in curves for point in curve if point["epoch"] == epoch] for epoch in epochs]
    return epochs, [mean(v) for v in values], [stdev(v) if len(v) > 1 else 0.0 for v in values]


def _spread(values: list[float]) -> str:
    return f"{mean(values):.1f} ± {stdev(values):.1f}" if len(values) > 1 else f"{values[0]:.1f}"


def _error(values: list[float]) -> str:
    error = f" ± {stdev(values) / sqrt(len(values)):.1f}" if len(values) > 1 else ""
    return f"{mean(values):+.1f}{error}"
