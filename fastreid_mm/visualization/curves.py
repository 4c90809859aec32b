"""CMC and precision-recall curves of every setting of a protocol."""

from copy import copy
from typing import NamedTuple, cast

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from fastreid_mm.protocols import RetrievalEvaluator
from fastreid_mm.visualization.style import COLOURS, LINES, new_figure

SHARES = 100
"""Number of points of a precision-recall curve."""
DOTS = ((0, (1, 1)), (0, (1, 3)))
"""Line styles of the untrained network and of chance."""


class Curves(NamedTuple):
    """Curves of a setting, in percent."""

    cmc: np.ndarray
    """Rank-1 to Rank-K (K,), with K the protocol's last rank or the size of the gallery."""
    precision: np.ndarray
    """Precision (100,) over each hundredth of recall."""
    mean_average_precision: float
    """mAP, which is the mean of the precision: the area under the curve."""


def protocol_curves(evaluator: RetrievalEvaluator, chance: bool = False) -> dict[str, Curves]:
    """Rank once more as the protocol does, with a Rank-k for every k and precision over recall.

    Galleries, trials and hidden images are those of the results, so the k-th value of a CMC curve is their Rank-k, and
    the area under a precision-recall curve their mAP.

    Args:
        evaluator: an evaluator whose :meth:`RetrievalEvaluator.evaluate` has run.
        chance: whether to rank random features instead.

    Returns:
        The curves by setting.
    """
    finer, ranks = copy(evaluator), tuple(range(1, max(evaluator.ranks) + 1))
    finer.ranks, finer.recall_shares = ranks, SHARES
    settings = finer.chance() if chance else finer.ranked(cast(Tensor, evaluator.features))
    return {
        setting: Curves(
            np.array([metrics[f"Rank-{k}"] for k in ranks if f"Rank-{k}" in metrics]),
            np.array([metrics[f"Precision-{i}"] for i in range(1, SHARES + 1)]),
            cast(float, metrics["mAP"]),
        )
        for setting, metrics in settings.items()
    }


def draw_curves(evaluator: RetrievalEvaluator, untrained: RetrievalEvaluator | None = None) -> Figure:
    """Draw both curves of every setting, with Rank-1 and mAP in the legend.

    Args:
        evaluator: an evaluator whose :meth:`RetrievalEvaluator.evaluate` has run.
        untrained: likewise, with the features of the untrained network.

    Returns:
        The figure, in which the curves of the untrained network and of chance are dotted.
    """
    figure = new_figure(11, 4.2)
    cmc, precision = figure.subplots(1, 2)
    recall = (np.arange(SHARES) + 0.5) * 100 / SHARES
    references = {"chance": protocol_curves(evaluator, chance=True)}
    if untrained is not None:
        references = {"untrained": protocol_curves(untrained)} | references
    for number, (setting, curves) in enumerate(protocol_curves(evaluator).items()):
        colour = COLOURS[number % len(COLOURS)]
        style = {"color": colour, "linestyle": LINES[number % len(LINES)], "linewidth": 1.8}
        name = setting.replace("_", " ")
        cmc.plot(_ranks(curves), curves.cmc, label=f"{name}: Rank-1 {curves.cmc[0]:.1f}", **style)
        precision.plot(recall, curves.precision, label=f"{name}: mAP {curves.mean_average_precision:.1f}", **style)
        for reference, dots in zip(references, DOTS):
            other = references[reference][setting]
            cmc.plot(_ranks(other), other.cmc, color=colour, linestyle=dots, linewidth=1.2)
            precision.plot(recall, other.precision, color=colour, linestyle=dots, linewidth=1.2)
    for axis in (cmc, precision):
        for reference, dots in zip(references, DOTS):
            axis.plot([], [], color="grey", linestyle=dots, linewidth=1.2, label=reference)
    cmc.set(title="CMC", xlabel="rank k", ylabel="queries found by rank k (%)", xlim=(1, None), ylim=(0, 101))
    top = min(101, 1.4 * precision.dataLim.ymax)
    precision.set(title="Precision-recall", xlabel="recall (%)", ylabel="precision (%)", xlim=(0, 100), ylim=(0, top))
    cmc.xaxis.set_major_locator(MaxNLocator(integer=True))
    for axis in (cmc, precision):
        axis.grid(alpha=0.3)
        axis.legend(loc="best", fontsize=8.5)  # where it covers least of the curves
    return figure


def _ranks(curves: Curves) -> np.ndarray:
    return np.arange(1, len(curves.cmc) + 1)
