"""Picture of queries and their nearest gallery images."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from fastreid_mm.common.read_image import DEFAULT_RULE, PixelRule, read_rgb
from fastreid_mm.common.whole_file import write_whole
from fastreid_mm.data.items import Item
from fastreid_mm.protocols.evaluator import RetrievalEvaluator

TOP = 10
"""Number of gallery images in a row."""
_UPRIGHT, _LYING = (64, 128), (128, 64)
_FRAME = 4
_RIGHT, _WRONG, _QUERY = (0, 158, 115), (213, 94, 0), (60, 60, 60)  # colour-blind people can tell them apart


def draw_ranked_lists(evaluator: RetrievalEvaluator, path: str, count: int) -> None:
    """Save a picture with a row for each query: the query, then its ten nearest gallery images in green or orange.

    Green frames are right, orange ones wrong. Queries are spread evenly over the identities, whether their answers are
    right or not. Images of identity -1 are neither queries nor answers.

    Args:
        evaluator: the evaluator, after :meth:`RetrievalEvaluator.evaluate`.
        path: the path of the PNG file.
        count: the largest number of rows.
    """
    chosen = spread(evaluator.people(), count)
    pixels, size = evaluator.pixels, _tile_size(evaluator.query[0], evaluator.pixels)
    width, height = size[0] + 3 * _FRAME, size[1] + 3 * _FRAME
    sheet = Image.new("RGB", (width * (TOP + 1) + 4 * _FRAME, height * len(chosen) + _FRAME), "white")
    for row, (index, nearest) in enumerate(zip(chosen, nearest_images(evaluator, chosen))):
        item, top = evaluator.query[index], row * height + _FRAME
        sheet.paste(_tile(item, size, _QUERY, pixels), (_FRAME, top))
        for place, answer in enumerate(nearest):
            colour = _RIGHT if answer.pid == item.pid else _WRONG
            sheet.paste(_tile(answer, size, colour, pixels), (width * (place + 1) + 4 * _FRAME, top))
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
    """Draw an item's image with a coloured frame around it."""
    framed = Image.new("RGB", (size[0] + 2 * _FRAME, size[1] + 2 * _FRAME), colour)
    framed.paste(_shown(item, pixels).resize(size), (_FRAME, _FRAME))
    return framed


def _shown(item: Item, pixels: PixelRule = DEFAULT_RULE) -> Image.Image:
    """Read the image of an item: that of its first modality, cut out if the file is a strip."""
    path, box = item.first_source
    image = read_rgb(path, pixels)
    return image.crop(box) if box else image
