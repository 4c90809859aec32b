"""What was found for queries: as text, as JSON and as a picture."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw

from fastreid_mm.read_image import DEFAULT_RULE, PixelRule, read_rgb
from fastreid_mm.whole_file import write_text, write_whole

_TILE, _GAP, _LINE = 128, 6, 14


class Match(NamedTuple):
    """An image of a gallery that was found."""

    path: str
    score: float
    """The higher, the nearer."""


class Answer(NamedTuple):
    """What was found for a query."""

    query: str
    matches: list[Match]
    """The best first."""


def as_text(answers: Sequence[Answer]) -> str:
    """A block of lines for each query."""
    return "\n".join(
        "\n".join([query, *(f"{rank:5} {match.score:9.4f}  {match.path}" for rank, match in enumerate(matches, 1))])
        for query, matches in answers
    )


def write_answers(path: Path, answers: Sequence[Answer]) -> None:
    """Write a JSON list of ``{"query": path, "matches": [{"path": path, "score": number}, ...]}``."""
    content = [{"query": query, "matches": [match._asdict() for match in matches]} for query, matches in answers]
    write_text(str(path), json.dumps(content, indent=2) + "\n")


def draw_answers(path: Path, answers: Sequence[Answer], pixels: PixelRule = DEFAULT_RULE) -> None:
    """Write a PNG with a row a query: its image left, what was found for it beside, each over its score.

    Raises:
        InputError: names an image that cannot be read any more.
    """
    columns = 1 + max(len(answer.matches) for answer in answers)
    width, height = _TILE + _GAP, _TILE + _LINE + _GAP
    sheet = Image.new("RGB", (width * columns + 3 * _GAP, height * len(answers) + _GAP), "white")
    for row, (query, matches) in enumerate(answers):
        _tile(sheet, (_GAP, row * height + _GAP), query, "query", pixels)
        for place, match in enumerate(matches, 1):
            _tile(sheet, (place * width + 3 * _GAP, row * height + _GAP), match.path, f"{match.score:.4f}", pixels)
    write_whole(str(path), lambda part: sheet.save(part, format="PNG"))


def _tile(sheet: Image.Image, corner: tuple[int, int], path: str, text: str, pixels: PixelRule) -> None:
    """Paste an image at its own proportions, with a text below."""
    image = read_rgb(path, pixels)
    scale = _TILE / max(image.size)
    image = image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))))
    sheet.paste(image, (corner[0] + (_TILE - image.width) // 2, corner[1] + (_TILE - image.height) // 2))
    ImageDraw.Draw(sheet).text((corner[0] + _TILE // 2, corner[1] + _TILE), text, fill="black", anchor="ma")
