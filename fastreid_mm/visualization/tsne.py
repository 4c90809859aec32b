"""Features in two dimensions by t-SNE, before and after training."""

from collections.abc import Collection

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from sklearn.manifold import TSNE
from torch import Tensor, nn

from fastreid_mm.data.items import Item, field
from fastreid_mm.evaluation.hidden_images import JUNK
from fastreid_mm.evaluation.side import Distance
from fastreid_mm.modeling.contract import as_meta_architecture
from fastreid_mm.protocols.ranked_lists import spread
from fastreid_mm.visualization.groups import by_camera, by_modality
from fastreid_mm.visualization.shown_set import ShownSet
from fastreid_mm.visualization.style import COLOURS, MARKERS, new_figure

IDENTITIES = len(COLOURS)
"""Number of identities shown, spread evenly over those of the test set."""
IMAGES = 24
"""Most images of each identity in each group, spread evenly over its images."""


def shown_places(items: list[Item], nobody: Collection[int] = (JUNK,)) -> np.ndarray:
    """Choose the items that are drawn: some images of some identities, of every modality; none of ``nobody``."""
    identities = field(items, "pid")
    groups = by_modality(items) or {"": np.arange(len(items))}
    common = set.intersection(*(set(identities[places].tolist()) for places in groups.values()))
    chosen = spread(sorted(common.difference(nobody)), IDENTITIES)
    parts = [places[identities[places] == identity] for places in groups.values() for identity in chosen]
    return np.sort(np.concatenate([spread(part, IMAGES) for part in parts]))


def embed(features: Tensor, distance: Distance) -> np.ndarray:
    """Place (n, D) features in the plane, (n, 2), by t-SNE of the method's distances, averaged over both directions."""
    between = distance(features, features)
    between = (between + between.T) / 2
    finite = between[between.isfinite()]
    between = between.clamp(0, float(finite.max())).fill_diagonal_(0)
    perplexity = min(30.0, (len(features) - 1) / 3)
    tsne = TSNE(perplexity=perplexity, metric="precomputed", init="random", random_state=0)
    return tsne.fit_transform(between.numpy())


def draw_tsne(shown: ShownSet, before: nn.Module | None) -> Figure:
    """Draw the features of some identities: colours are identities, markers modalities (cameras of aligned samples).

    Args:
        shown: the test set.
        before: the network before training; None draws only the features after training.
    """
    places = shown_places(shown.items, shown.evaluator.nobody)
    items = [shown.items[place] for place in places]
    views = {"after training": embed(shown.features[torch.as_tensor(places)], shown.evaluator.distance)}
    if before is not None:
        distance = as_meta_architecture(before, shown.cfg.TEST.METRIC).pairwise_distance
        weights = "pretrained" if shown.cfg.MODEL.BACKBONE.PRETRAIN else "random"
        views = {f"before training, {weights} weights": embed(shown.features_by(before, items), distance)} | views
    figure = new_figure(5.2 * len(views) + 1.6, 5)
    for axis, (title, points) in zip(figure.subplots(1, len(views), squeeze=False)[0], views.items()):
        _scatter(axis, points, items)
        axis.set(title=title, xticks=[], yticks=[])
    figure.legend(handles=_legend(items), loc="outside right center", frameon=False, fontsize=9)
    return figure


def _scatter(axis: Axes, points: np.ndarray, items: list[Item]) -> None:
    identities = field(items, "pid")
    for marker, places in zip(MARKERS * len(items), _groups(items).values()):
        colours = [COLOURS[index] for index in np.unique(identities, return_inverse=True)[1][places]]
        x, y = points[places].T
        axis.scatter(x, y, c=colours, marker=marker, s=34, alpha=0.8, edgecolors="white", linewidths=0.5)


def _groups(items: list[Item]) -> dict[str, np.ndarray]:
    return by_modality(items) or by_camera(items)


def _legend(items: list[Item]) -> list[Line2D]:
    def handle(colour: str, marker: str, label: str) -> Line2D:
        return Line2D([], [], color=colour, marker=marker, linestyle="", label=label)

    identities = np.unique(field(items, "pid"))
    return [
        *(handle("grey", marker, name) for marker, name in zip(MARKERS * len(items), _groups(items))),
        *(handle(colour, "s", f"identity {identity}") for colour, identity in zip(COLOURS, identities)),
    ]
