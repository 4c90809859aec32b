"""Histograms of distances between images of the same and of other identities, within and across modalities."""

from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import roc_auc_score

from fastreid_mm.data.items import field
from fastreid_mm.protocols.ranked_lists import spread
from fastreid_mm.visualization.groups import by_modality
from fastreid_mm.visualization.shown_set import ShownSet
from fastreid_mm.visualization.style import OTHER, SAME, new_figure

IMAGES = 500
"""Number of images of each group that are compared, spread evenly over the group."""


class Pairs(NamedTuple):
    """Distances of pairs of images."""

    same: np.ndarray
    """Distances between images of the same identity."""
    other: np.ndarray
    """Distances between images of two identities."""

    def separation(self) -> float:
        """Compute how often, in percent, a pair of the same identity is nearer than one of two: 50 is chance."""
        labels = np.repeat([1, 0], [len(self.same), len(self.other)])
        return 100 * roc_auc_score(labels, -np.concatenate(self))


def distance_pairs(shown: ShownSet) -> dict[str, Pairs]:
    """Compute distances within and across the modalities of a test set, or from query to gallery of aligned samples.

    An image is not compared with itself, nor with images that the protocol hides from it.
    """
    evaluator, groups = shown.evaluator, by_modality(shown.items)
    if len(groups) < 2:
        queries = np.arange(len(evaluator.query))
        return {"query to gallery": _pairs(shown, queries, np.arange(len(queries), len(shown.items)))}
    (first, asking), (second, asked) = groups.items()
    return {
        f"within {first}": _pairs(shown, asking, asking),
        f"within {second}": _pairs(shown, asked, asked),
        f"across, {first} to {second}": _pairs(shown, asking, asked),
    }


def _pairs(shown: ShownSet, query: np.ndarray, gallery: np.ndarray) -> Pairs:
    rows, columns = spread(query, IMAGES), spread(gallery, IMAGES)
    distance = shown.evaluator.distance(shown.features[rows], shown.features[columns]).numpy()
    compared = rows[:, None] != columns
    compared &= ~shown.evaluator.hidden(*([shown.items[index] for index in part] for part in (rows, columns)))
    identities = field(shown.items, "pid")
    compared &= np.isfinite(distance)  # samples that lack different modalities have nothing to compare
    same = identities[rows][:, None] == identities[columns]
    return Pairs(distance[compared & same], distance[compared & ~same])


def draw_distances(shown: ShownSet) -> Figure:
    """Draw a histogram for each of :func:`distance_pairs`, all over the same distances."""
    groups = distance_pairs(shown)
    figure = new_figure(max(5.5, 4 * len(groups)), 3.6)
    axes = figure.subplots(1, len(groups), sharex=True, squeeze=False)[0]
    everything = np.concatenate([part for pairs in groups.values() for part in pairs])
    bins = np.linspace(everything.min(), everything.max(), 61)
    for axis, (name, pairs) in zip(axes, groups.items()):
        for values, colour, label in ((pairs.same, SAME, "same identity"), (pairs.other, OTHER, "other identity")):
            axis.hist(values, bins, density=True, histtype="stepfilled", color=colour, alpha=0.35)
            axis.hist(values, bins, density=True, histtype="step", color=colour, linewidth=1.5, label=label)
        axis.set(title=f"{name}\nsame identity nearer: {pairs.separation():.1f} %", xlabel="distance", yticks=[])
        axis.title.set_fontsize(10)
    axes[0].set_ylabel("share of pairs")
    axes[0].legend(fontsize=8.5)
    return figure
