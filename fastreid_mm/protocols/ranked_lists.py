"""A picture of queries and what was found for them."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from fastreid_mm.common.read_image import DEFAULT_RULE, PixelRule, read_rgb
from fastreid_mm.common.whole_file import write_whole
from fastreid_mm.data.items import Item
from fastreid_mm.protocols.evaluator import RetrievalEvaluator

TOP = 10
"""Gallery images in a row."""
_UPRIGHT, _LYING = (64, 128), (128, 64)
_FRAME = 4
_RIGHT, _WRONG, _QUERY = (0, 158, 115), (213, 94, 0), (60, 60, 60)  # the colour-blind tell them apart


def draw_ranked_lists(evaluator: RetrievalEvaluator, path: str, count: int) -> None:
    """Save a picture with a row a query: the query left, its ten nearest gallery images framed green or orange.

    Queries are spread evenly over the identities, without regard to how well they did. Images of identity -1 are none,
    and are not found.

    Args:
        evaluator: after :meth:`RetrievalEvaluator.evaluate`.
        path: of the PNG file.
        count: rows at most.
    """
    chosen = spread(evaluator.people(), count)
    pixels, size = evaluator.pixels, _tile_size(evaluator.query[0], evaluator.pixels)
    width, height = size[0] + 3 * _FRAME, size[1] + 3 * _FRAME
    sheet = Image.new("RGB", (width * (TOP + 1) + 4 * _FRAME, height * len(chosen) + _FRAME), "white")
    for row, (index, nearest) in enumerate(zip(chosen, nearest_images(evaluator, chosen))):
        item, top = evaluator.query[index], row * height + _FRAME
        sheet.paste(_tile(item, size, _QUERY, pixels), (_FRAME, top))
        for place, found in enumerate(nearest):
            colour = _RIGHT if found.pid == item.pid else _WRONG
            sheet.paste(_tile(found, size, colour, pixels), (width * (place + 1) + 4 * _FRAME, top))
    write_whole(path, lambda part: sheet.save(part, format="PNG"))


def spread(choices: Sequence | np.ndarray, count: int) -> np.ndarray:
    """At most ``count`` of the choices, evenly spread over them."""
    places = np.linspace(0, len(choices) - 1, min(count, len(choices))).round().astype(int)
    return np.asarray(choices)[places]


def nearest_images(evaluator: RetrievalEvaluator, chosen: np.ndarray) -> list[list[Item]]:
    """The ``TOP`` nearest gallery items, of those that the protocol shows, of each chosen query.

    Args:
        evaluator: after :meth:`RetrievalEvaluator.evaluate`.
        chosen: (n,) indices of queries.
    """
    items, shown = [evaluator.query[index] for index in chosen], evaluator.shown_gallery()
    candidates = [evaluator.gallery[index] for index in shown]
    distance = evaluator.shown_distance(chosen, shown)  # (n, shown)
    return [
        [candidates[index] for index in order if not hidden[index]][:TOP]
        for order, hidden in zip(distance.argsort(dim=1, stable=True).tolist(), evaluator.hidden(items, candidates))
    ]


def _tile_size(item: Item, pixels: PixelRule) -> tuple[int, int]:
    width, height = _shown(item, pixels).size
    return _LYING if width > height else _UPRIGHT


def _tile(item: Item, size: tuple[int, int], colour: tuple[int, int, int], pixels: PixelRule) -> Image.Image:
    """An item's image with a coloured frame around it."""
    framed = Image.new("RGB", (size[0] + 2 * _FRAME, size[1] + 2 * _FRAME), colour)
    framed.paste(_shown(item, pixels).resize(size), (_FRAME, _FRAME))
    return framed


def _shown(item: Item, pixels: PixelRule = DEFAULT_RULE) -> Image.Image:
    """The image of an item; of several modalities the first there is, a part of the file where it is a strip."""
    path, box = item.first_source
    image = read_rgb(path, pixels)
    return image.crop(box) if box else image
