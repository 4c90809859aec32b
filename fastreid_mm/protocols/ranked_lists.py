"""Picture of queries and their nearest gallery images."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from fastreid_mm.common.picture_sheet import Row, Tile, draw_sheet, framed_right
from fastreid_mm.common.read_image import DEFAULT_RULE, PixelRule, read_rgb
from fastreid_mm.common.whole_file import write_whole
from fastreid_mm.data.items import Item
from fastreid_mm.protocols.evaluator import RetrievalEvaluator

TOP = 10
"""Number of gallery images in a row."""


class Found(NamedTuple):
    """Gallery image in a ranked list."""

    item: Item
    distance: float


def draw_ranked_lists(
    evaluator: RetrievalEvaluator, path: str, count: int, untrained: RetrievalEvaluator | None = None
) -> None:
    """Save a picture with a row for each query: the query, then its ten nearest gallery images in green or orange.

    Green frames are right, orange ones wrong. Queries are spread evenly over the identities, whether their answers are
    right or not. Images of identity -1 are neither queries nor answers. A title says where the first right image is.

    Args:
        evaluator: the evaluator, after :meth:`RetrievalEvaluator.evaluate`.
        path: the path of the PNG file.
        count: the largest number of queries.
        untrained: likewise, with the features of the untrained network, whose row is drawn above that of the trained.
    """
    chosen = spread(evaluator.people(), count)
    networks = {"untrained network": untrained, "trained network": evaluator} if untrained else {"": evaluator}
    lists = {name: rankings(network, chosen) for name, network in networks.items() if network}
    rows = [
        _row(evaluator, evaluator.query[index], name, ranked[place])
        for place, index in enumerate(chosen)
        for name, ranked in lists.items()
    ]
    sheet = draw_sheet(_heading(evaluator, chosen, lists), rows)
    write_whole(path, lambda part: sheet.save(part, format="PNG"))


def spread(choices: Sequence | np.ndarray, count: int) -> np.ndarray:
    """Choose at most ``count`` of the choices, spread evenly over them."""
    places = np.linspace(0, len(choices) - 1, min(count, len(choices))).round().astype(int)
    return np.asarray(choices)[places]


def nearest_images(evaluator: RetrievalEvaluator, chosen: np.ndarray) -> list[list[Item]]:
    """Find the ``TOP`` nearest gallery items of each chosen query, without those that the protocol hides.

    Args:
        evaluator: the evaluator, after :meth:`RetrievalEvaluator.evaluate`.
        chosen: (n,) indices of queries.
    """
    return [[found.item for found in ranked[:TOP]] for ranked in rankings(evaluator, chosen)]


def rankings(evaluator: RetrievalEvaluator, chosen: np.ndarray) -> list[list[Found]]:
    """Rank the gallery items that the protocol shows to each chosen query, the nearest first; see `nearest_images`."""
    items, shown = [evaluator.query[index] for index in chosen], evaluator.shown_gallery()
    candidates = [evaluator.gallery[index] for index in shown]
    distance = evaluator.shown_distance(chosen, shown)  # (n, shown)
    hidden = evaluator.hidden(items, candidates)
    order = distance.argsort(dim=1, stable=True).tolist()
    return [
        [Found(candidates[index], far) for index, far in zip(ranked, distance[row, ranked].tolist())]
        for row, ranked in enumerate([[i for i in places if not gone[i]] for places, gone in zip(order, hidden)])
    ]


def first_right(query: Item, ranked: Sequence[Found]) -> int | None:
    """Find the rank of the first image of the query's identity, from 1; None if there is none."""
    return next((rank for rank, found in enumerate(ranked, 1) if found.item.pid == query.pid), None)


def _heading(evaluator: RetrievalEvaluator, chosen: np.ndarray, lists: dict[str, list[list[Found]]]) -> str:
    """Count the green frames of each network."""
    counts = []
    for name, ranked in lists.items():
        asked = [evaluator.query[index].pid for index in chosen]
        frames = [found.item.pid == pid for pid, of_one in zip(asked, ranked) for found in of_one[:TOP]]
        counts.append(f"{name + ': ' if name else ''}{sum(frames)} of {len(frames)} images right")
    return f"{evaluator.name}: queries left, nearest images right; " + ", ".join(counts)


def _row(evaluator: RetrievalEvaluator, query: Item, network: str, ranked: list[Found]) -> Row:
    rank = first_right(query, ranked)
    where = f"first right image at rank {rank} of {len(ranked)}" if rank else "no right image in the gallery"
    tiles = [Tile(_shown(query, evaluator.pixels), f"{query.pid}")]
    for found in ranked[:TOP]:
        caption = f"{_score(evaluator, found.distance)}\n{found.item.pid}"
        frame = framed_right(found.item.pid == query.pid)
        tiles.append(Tile(_shown(found.item, evaluator.pixels), caption, frame))
    return Row(f"identity {query.pid}{', ' + network if network else ''}: {where}", tiles)


def _score(evaluator: RetrievalEvaluator, distance: float) -> str:
    """Format the score of a search: the cosine, or the negative distance."""
    return f"{1 - distance if evaluator.metric == 'cosine' else -distance:.3f}"


def _shown(item: Item, pixels: PixelRule = DEFAULT_RULE) -> Image.Image:
    """Read the image of an item: that of its first modality, cut out if the file is a strip."""
    path, box = item.first_source
    image = read_rgb(path, pixels)
    return image.crop(box) if box else image
