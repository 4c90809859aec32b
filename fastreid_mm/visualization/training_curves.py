"""Losses and test results over training, from the file that training leaves behind."""

import json
from collections import defaultdict
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fastreid_mm.common.errors import InputError
from fastreid_mm.visualization.style import COLOURS, LINES, MARKERS, new_figure

Series = dict[str, list[tuple[int, float]]]
"""Pairs (iteration, value) by name, in the order of iterations."""
TESTED = "mAP"
"""Metric that is drawn for every setting that was tested more than once."""


def read_metrics(path: Path) -> Series:
    """Read ``metrics.json``; where an iteration was trained twice, the later one counts.

    Raises:
        InputError: names the file and the line that is not JSON.
    """
    series: dict[str, dict[int, float]] = defaultdict(dict)
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            values = json.loads(line)
            iteration = values.pop("iteration")
        except (json.JSONDecodeError, KeyError, AttributeError, TypeError):
            raise InputError(f"{path}, line {number} is not a line of training metrics") from None
        for name, value in values.items():
            series[name][iteration] = value
    return {name: sorted(values.items()) for name, values in series.items()}


def draw_training_curves(series: Series) -> Figure:
    """Draw the losses, and the mAP of every setting in every test during training."""
    losses = {name: values for name, values in series.items() if "loss" in name}
    tests = {name: values for name, values in series.items() if name.endswith(f"/{TESTED}") and len(values) > 1}
    figure = new_figure(11 if tests else 6, 4)
    axes = figure.subplots(1, 2 if tests else 1, squeeze=False)[0]
    _draw(axes[0], losses)
    axes[0].set(title="Losses", xlabel="iteration", yscale="log")
    if tests:
        _draw(axes[1], {name.removesuffix(f"/{TESTED}").replace("_", " "): values for name, values in tests.items()})
        axes[1].set(title="Tests", xlabel="iteration", ylabel=f"{TESTED} (%)", ylim=(0, None))
    return figure


def _draw(axis: Axes, series: Series) -> None:
    for number, (name, values) in enumerate(series.items()):
        iterations, numbers = zip(*values)
        axis.plot(
            iterations,
            numbers,
            label=name,
            marker=MARKERS[number % len(MARKERS)] if len(values) < 20 else "",
            color=COLOURS[number % len(COLOURS)],
            linestyle=LINES[number // len(COLOURS) % len(LINES)],
        )
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8.5, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.14))
