"""Picture of queries and their nearest gallery images, with the regions that the network looks at in both."""

from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure, SubFigure

from fastreid_mm.modeling.backbones import HierarchicalEncoder
from fastreid_mm.protocols.ranked_lists import nearest_images, spread
from fastreid_mm.visualization.class_attention import attention_heat
from fastreid_mm.visualization.grad_cam import similarity_heat
from fastreid_mm.visualization.groups import NAMES
from fastreid_mm.visualization.shown_set import ShownSet
from fastreid_mm.visualization.style import HEAT, OTHER, SAME, new_figure

COLUMNS = 8
"""Most upright images in a row; twice the most lying ones."""
BANDS = 1
"""Rows of pairs."""
MOST = 200
"""Number of queries among which right answers are looked for."""
OPACITY = 0.8
"""Opacity of the greatest heat."""


class Sight(NamedTuple):
    """Images and heat of a single image, or of the M images of a sample, to be drawn."""

    names: tuple[str, ...]
    """Names of the modalities."""
    images: np.ndarray
    """Images (M, H, W, 3), uint8."""
    heat: np.ndarray
    """Heat (M, H, W) from 0 to 1."""


class Pair(NamedTuple):
    """Query and its nearest gallery image."""

    query: Sight
    found: Sight
    right: bool
    """True if both are of the same identity."""


def nearest_pairs(shown: ShownSet, count: int) -> list[Pair]:
    """Choose queries, spread evenly over the identities, each with the gallery image that the protocol ranks first.

    Queries whose first image is wrong are chosen only if no query's is right.
    """
    people = spread(shown.evaluator.people(), MOST)
    firsts = [ranked[0] for ranked in nearest_images(shown.evaluator, people)]
    asked = list(zip((shown.evaluator.query[index] for index in people), firsts))
    chosen = spread(np.arange(len(asked))[[query.pid == found.pid for query, found in asked]], count)
    pairs = [asked[place] for place in (chosen if len(chosen) else spread(range(len(asked)), count))]
    batches = list(shown.loader([item for pair in pairs for item in pair], 1))
    return [
        Pair(_sight(shown, query, found), _sight(shown, found, query), asking.pid == answer.pid)
        for query, found, (asking, answer) in zip(batches[::2], batches[1::2], pairs)
    ]


def _sight(shown: ShownSet, sample: dict, other: dict) -> Sight:
    model = shown.model
    attends = hasattr(model, "attention_maps") and not isinstance(model.backbone, HierarchicalEncoder)
    heat = attention_heat(model, sample) if attends else similarity_heat(model, sample, other)
    images = sample["images"].flatten(0, -4).movedim(-3, -1).round().byte().cpu().numpy()
    aligned = sample["images"].ndim == 5
    names = shown.dataset.modalities if aligned else (NAMES[int(sample["modalities"][0])],)
    return Sight(tuple(names), images, heat)


def draw_attention(shown: ShownSet) -> Figure:
    """Draw pairs: the images above, and the same with heat below."""
    modalities = len(getattr(shown.dataset, "modalities", ())) or 1
    height, width = shown.cfg.INPUT.SIZE_TEST
    upright = height > width
    tile = 2.6 if upright else 1.4  # inches
    per_band = max(1, (COLUMNS if upright else COLUMNS // 2) // (2 * modalities))
    pairs = nearest_pairs(shown, BANDS * per_band)
    bands = -(-len(pairs) // per_band)
    figure = new_figure(per_band * (2 * modalities * tile * width / height + 0.3), bands * (2 * tile + 0.75))
    for place, pair in zip(figure.subfigures(bands, per_band, squeeze=False).flat, pairs):
        _draw_pair(place, pair)
    return figure


def _draw_pair(figure: SubFigure, pair: Pair) -> None:
    figure.suptitle(
        "same identity" if pair.right else "other identity", color=SAME if pair.right else OTHER, fontsize=10
    )
    columns = [
        (f"{role}\n{name}", image, heat)
        for role, sight in (("query", pair.query), ("found", pair.found))
        for name, image, heat in zip(*sight)
    ]
    axes = figure.subplots(2, len(columns), squeeze=False)
    for (plain, heated), (title, image, heat) in zip(axes.T, columns):
        plain.imshow(image)
        plain.set_title(title, fontsize=8)
        heated.imshow(image)
        heated.imshow(heat, cmap=HEAT, alpha=OPACITY * heat, vmin=0, vmax=1)  # cold places stay as they are
        plain.axis("off")
        heated.axis("off")
