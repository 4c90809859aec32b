"""Plot of the curves of an evaluation."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

Curves = Mapping[str, np.ndarray]


def plot_curves(sets: Mapping[str, Curves]) -> Figure:
    """Plot precision over recall, and F-measure and E-measure over the threshold, with a line for each data set.

    Args:
        sets: the curves of each data set by its name: ``precision``, ``recall`` and ``fm``, (256,) each, and ``em``,
            (257,), all over falling thresholds.

    Returns:
        A figure without a window, which ``savefig`` writes to a file.
    """
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
