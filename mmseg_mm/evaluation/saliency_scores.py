"""One saliency map against one mask, and the mean over a data set, as PySODMetrics computes them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from py_sod_metrics import (
    MAE,
    Emeasure,
    FmeasureHandler,
    FmeasureV2,
    PrecisionHandler,
    RecallHandler,
    Smeasure,
    WeightedFmeasure,
)

CURVES = ("precision", "recall", "fm", "em")
"""Over falling thresholds from 255, as PySODMetrics orders them."""


@dataclass(frozen=True)
class Scores:
    """What one map gets.

    Attributes:
        numbers: ``Sm``, ``MAE``, ``wFm``, ``adpFm``, ``adpEm``.
        curves: by name as in :data:`CURVES`, (256,) each and (257,) for ``em``.
        empty_mask: nothing is salient; the numbers are what PySODMetrics makes of that.
    """

    numbers: dict[str, float]
    curves: dict[str, np.ndarray]
    empty_mask: bool


def score_map(prediction: np.ndarray, mask: np.ndarray) -> Scores:
    """Score one map.

    Args:
        prediction: (H, W) uint8.
        mask: (H, W) uint8, salient above 128.

    Raises:
        ValueError: the sizes differ.
    """
    handlers = {
        "fm": FmeasureHandler(True, True, beta=0.3),
        "precision": PrecisionHandler(True, False),
        "recall": RecallHandler(True, False),
    }
    f, e, s, mae, weighted = FmeasureV2(handlers), Emeasure(), Smeasure(), MAE(), WeightedFmeasure()
    for measure in (f, e, s, mae, weighted):
        measure.step(prediction, mask)
    by_threshold, em = f.get_results(), e.get_results()["em"]
    numbers = {
        "Sm": s.get_results()["sm"],
        "MAE": mae.get_results()["mae"],
        "wFm": weighted.get_results()["wfm"],
        "adpFm": by_threshold["fm"]["adaptive"],
        "adpEm": em["adp"],
    }
    curves = {name: by_threshold[name]["dynamic"] for name in handlers} | {"em": em["curve"]}
    return Scores({name: float(value) for name, value in numbers.items()}, curves, not (mask > 128).any())


def mean_curves(scores: Sequence[Scores]) -> dict[str, np.ndarray]:
    """Each curve averaged over the images."""
    return {name: np.mean([one.curves[name] for one in scores], axis=0) for name in CURVES}


def summarise(scores: Sequence[Scores]) -> dict[str, float]:
    """One row of a results table, between 0 and 1. Maximum and mean F and E are those of the mean curve."""
    curves = mean_curves(scores)
    mean = {name: float(np.mean([one.numbers[name] for one in scores])) for name in scores[0].numbers}
    row = {"Sm": mean["Sm"]}
    for name in ("Fm", "Em"):
        curve = curves[name.lower()]
        row |= {f"max{name}": float(curve.max()), f"mean{name}": float(curve.mean()), f"adp{name}": mean[f"adp{name}"]}
    return row | {"wFm": mean["wFm"], "MAE": mean["MAE"]}
