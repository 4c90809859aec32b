"""A picture of the curves of an evaluation."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

Curves = Mapping[str, np.ndarray]


def plot_curves(sets: Mapping[str, Curves]) -> Figure:
    """Precision over recall, F and E over the threshold, a line for each set.

    Args:
        sets: by name, each with ``precision``, ``recall``, ``fm`` (256,) and ``em`` (257,) over falling thresholds.

    Returns:
        A figure that no window shows; ``savefig`` writes it.
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
