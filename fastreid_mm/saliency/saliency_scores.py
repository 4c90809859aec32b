"""Scores of a saliency map, and their mean over a data set, as PySODMetrics computes them."""

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

from fastreid_mm.common.errors import listed
from fastreid_mm.saliency.mask_values import MOSTLY_OBJECT, mostly_object

CURVE_NAMES = ("precision", "recall", "fm", "em")
"""Names of the curves, which PySODMetrics gives over thresholds that fall from 255."""


@dataclass(frozen=True)
class Scores:
    """Scores of one saliency map.

    Attributes:
        numbers: the values of ``Sm``, ``MAE``, ``wFm``, ``adpFm`` and ``adpEm``.
        curves: the curves by the names in :data:`CURVE_NAMES`, (256,) each, and (257,) for ``em``.
        object_share: the share of salient pixels of the mask. If it is 0, the numbers are as PySODMetrics gives them.
        remarks: remarks on anything odd about the files of mask and map, with their paths.
    """

    numbers: dict[str, float]
    curves: dict[str, np.ndarray]
    object_share: float
    remarks: tuple[str, ...] = ()


def score_map(prediction: np.ndarray, mask: np.ndarray) -> Scores:
    """Score a saliency map (H, W) against its mask (H, W), which is salient above 128, both uint8.

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
    return Scores({name: float(value) for name, value in numbers.items()}, curves, float((mask > 128).mean()))


def doubts(name: str, scores: Sequence[Scores]) -> list[str]:
    """List what is odd about the masks and maps of a data set, in a line each."""
    remarks = [remark for one in scores for remark in one.remarks]
    lines = [f"{name}: {len(remarks)} masks or maps are odd: {listed(remarks, 3)}"] if remarks else []
    share = float(np.mean([one.object_share for one in scores]))
    return lines + ([f"{name}: {mostly_object(share)}"] if share > MOSTLY_OBJECT else [])


def mean_curves(scores: Sequence[Scores]) -> dict[str, np.ndarray]:
    """Average each curve over the images."""
    return {name: np.mean([one.curves[name] for one in scores], axis=0) for name in CURVE_NAMES}


def summarise(scores: Sequence[Scores]) -> dict[str, float]:
    """Return a row of a results table, with values between 0 and 1.

    The maximum and the mean of F-measure and E-measure are those of the curves averaged over the images.
    """
    curves = mean_curves(scores)
    mean = {name: float(np.mean([one.numbers[name] for one in scores])) for name in scores[0].numbers}
    row = {"Sm": mean["Sm"]}
    for name in ("Fm", "Em"):
        curve = curves[name.lower()]
        row |= {f"max{name}": float(curve.max()), f"mean{name}": float(curve.mean()), f"adp{name}": mean[f"adp{name}"]}
    return row | {"wFm": mean["wFm"], "MAE": mean["MAE"]}
