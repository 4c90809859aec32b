"""Report of an evaluation: a table for the log, and files of numbers and curves."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fastreid_mm.saliency.saliency_scores import Scores, mean_curves

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RESULTS, CURVES, IMAGES = "sod_results.json", "sod_curves.json", "sod_images.json"
PLOT = "sod_curves.png"
REFERENCES = "sod_references.json"
"""Name of the file of references' results, in the work folder."""


def table(rows: Mapping[str, Mapping[str, float]]) -> str:
    """Format the metrics with four digits, in one line for each data set."""
    names = list(next(iter(rows.values())))
    width = max(map(len, ("data set", *rows)))
    lines = [f"{'data set':{width}}" + "".join(f"{name:>8}" for name in names)]
    lines += [f"{key:{width}}" + "".join(f"{row[name]:8.4f}" for name in names) for key, row in rows.items()]
    return "\n".join(lines)


def markdown_table(rows: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """Make a table of named results, one line for each data set and name, as Markdown.

    Args:
        rows: results of each data set by name, such as trained, untrained, all black.
    """
    metrics = list(next(iter(next(iter(rows.values())).values())))
    lines = [
        [f"{dataset}, {who}" if len(rows) > 1 else dataset, *(f"{row[metric]:.3f}" for metric in metrics)]
        for dataset in next(iter(rows.values()))
        for who, sets in rows.items()
        if (row := sets.get(dataset))
    ]
    return "\n".join(
        f"| {' | '.join(line)} |" for line in [["data set", *metrics], ["---"] * (1 + len(metrics)), *lines]
    )


def save_report(folder: Path, rows: Mapping[str, Mapping[str, float]], scores: Mapping[str, Sequence[Scores]]) -> None:
    """Write the table, and the mean curves of each data set."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RESULTS).write_text(json.dumps(rows, indent=1) + "\n")
    save_curves(folder, scores)


def save_curves(folder: Path, scores: Mapping[str, Sequence[Scores]]) -> None:
    """Write the mean curves of each data set as JSON, over thresholds from 255 to 0, and as a plot.

    Each set has the lists ``precision``, ``recall`` and ``fm`` of 256 numbers, and ``em`` of 257.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sets = {name: mean_curves(members) for name, members in scores.items()}
    content = {name: {key: values.tolist() for key, values in curves.items()} for name, curves in sets.items()}
    (folder / CURVES).write_text(json.dumps(content) + "\n")
    plot_curves(sets).savefig(folder / PLOT, dpi=150)


def plot_curves(sets: Mapping[str, Mapping[str, np.ndarray]]) -> "Figure":
    """Plot precision over recall, and F-measure and E-measure over the threshold, with a line for each data set.

    Args:
        sets: the curves of each data set by its name: ``precision``, ``recall`` and ``fm``, (256,) each, and ``em``,
            (257,), all over falling thresholds.

    Returns:
        A figure without a window, which ``savefig`` writes to a file.
    """
    from matplotlib.figure import Figure  # here, as importing it takes a second

    figure = Figure(figsize=(12, 4), layout="constrained")
    axes = figure.subplots(1, 3)
    for name, curves in sets.items():
        axes[0].plot(curves["recall"], curves["precision"], label=name)
        for axis, key in zip(axes[1:], ("fm", "em")):
            axis.plot(np.linspace(255, 0, len(curves[key])), curves[key], label=name)
    for axis, x, y in zip(axes, ("recall", "threshold", "threshold"), ("precision", "F-measure", "E-measure")):
        axis.set(xlabel=x, ylabel=y, ylim=(0, 1.02))
        axis.grid(alpha=0.3)
    axes[0].legend()
    return figure


def save_images(folder: Path, images: Mapping[str, Mapping[str, float]]) -> None:
    """Write the numbers of every image by its path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / IMAGES).write_text(json.dumps(images, indent=1) + "\n")
