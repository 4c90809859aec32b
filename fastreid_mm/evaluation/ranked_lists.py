"""A picture of queries and what was found for them."""

import os

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from fastreid_mm.evaluation.evaluators import RetrievalEvaluator

TOP = 10
_UPRIGHT, _LYING = (64, 128), (128, 64)
_FRAME = 4
_RIGHT, _WRONG, _QUERY = (30, 160, 60), (200, 40, 40), (60, 60, 60)


def draw_ranked_lists(evaluator: RetrievalEvaluator, path: str, count: int) -> None:
    """Save a picture with a row a query: the query left, its ten nearest gallery images framed green or red.

    Queries are spread evenly over the identities, without regard to how well they did.

    Args:
        evaluator: after :meth:`RetrievalEvaluator.evaluate`.
        path: of the PNG file.
        count: rows at most.
    """
    query, gallery = evaluator.split(evaluator.features)
    shown = evaluator.shown_gallery()
    chosen = np.linspace(0, len(query) - 1, min(count, len(query))).round().astype(int)
    distance = evaluator.distance(query[torch.as_tensor(chosen)], gallery[torch.as_tensor(shown)])  # (rows, shown)
    size = _tile_size(evaluator.query[0])
    width, height = size[0] + 3 * _FRAME, size[1] + 3 * _FRAME
    sheet = Image.new("RGB", (width * (TOP + 1) + 4 * _FRAME, height * len(chosen) + _FRAME), "white")
    for row, index in enumerate(chosen):
        item, top = evaluator.query[index], row * height + _FRAME
        sheet.paste(_tile(item, size, _QUERY), (_FRAME, top))
        for place, found in enumerate(_nearest(evaluator, item, distance[row], shown)):
            colour = _RIGHT if found[1] == item[1] else _WRONG
            sheet.paste(_tile(found, size, colour), (width * (place + 1) + 4 * _FRAME, top))
    sheet.save(path + ".part", format="PNG")
    os.replace(path + ".part", path)


def _nearest(evaluator: RetrievalEvaluator, query: tuple, distance: Tensor, shown: np.ndarray) -> list[tuple]:
    ordered = (evaluator.gallery[shown[i]] for i in distance.argsort(stable=True).tolist())
    return [item for item in ordered if not evaluator.hidden(query, item)][:TOP]


def _tile_size(item: tuple) -> tuple[int, int]:
    width, height = _shown(item).size
    return _LYING if width > height else _UPRIGHT


def _tile(item: tuple, size: tuple[int, int], colour: tuple[int, int, int]) -> Image.Image:
    """An item's image with a coloured frame around it."""
    framed = Image.new("RGB", (size[0] + 2 * _FRAME, size[1] + 2 * _FRAME), colour)
    framed.paste(_shown(item).resize(size), (_FRAME, _FRAME))
    return framed


def _shown(item: tuple) -> Image.Image:
    """The image of an item; of several modalities the first there is, a part of the file where it is a strip."""
    aligned = len(item) > 3 and isinstance(item[3], tuple)
    path, box = next(source for source in item[3] if source) if aligned else (item[0], None)
    with Image.open(path) as image:
        return image.convert("RGB").crop(box) if box else image.convert("RGB")
