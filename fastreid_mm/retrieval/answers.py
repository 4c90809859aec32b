"""Answers to queries, as text, as JSON and as a picture."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from textwrap import wrap
from typing import NamedTuple

from PIL import Image, ImageDraw

from fastreid_mm.common.console import encodable, printable
from fastreid_mm.common.errors import InputError
from fastreid_mm.common.read_image import DEFAULT_RULE, PixelRule, read_rgb
from fastreid_mm.common.whole_file import write_text, write_whole
from fastreid_mm.retrieval.sources import Member, Source, image_of, state_of

_TILE, _GAP, _LINE = 128, 6, 14


class Match(NamedTuple):
    """Gallery image in the answer to a query."""

    path: str
    score: float
    """Score, higher if the image is nearer."""
    source: Source | None = None
    """Source of the image when it was indexed, if that is known."""


class Answer(NamedTuple):
    """Answer to a query."""

    query: str
    matches: list[Match]
    """Gallery images, the best first."""


def as_text(answers: Sequence[Answer]) -> str:
    """Format answers as a block of lines for each query."""
    return "\n".join(
        "\n".join([printable(query), *(_line(rank, match) for rank, match in enumerate(matches, 1))])
        for query, matches in answers
    )


def _line(rank: int, match: Match) -> str:
    return f"{rank:5} {match.score:9.4f}  {printable(match.path)}"


def outdated(answers: Sequence[Answer]) -> str:
    """Describe how many images of the answers are gone or changed, and the first of them; empty if none is."""
    members = {match.path: Member(match.path, match.source) for _, matches in answers for match in matches}
    states = ((name, state_of(member)) for name, member in members.items())
    lines = [f"{name} {state}" for name, state in states if state]
    more = "repeat index_gallery, with --prune to leave out what is gone"
    return f"{len(lines)} of the images found are not what was indexed, the first: {lines[0]}; {more}" if lines else ""


def write_answers(path: Path, answers: Sequence[Answer]) -> None:
    """Write a JSON list of ``{"query": path, "matches": [{"path": path, "score": number}, ...]}``."""
    content = [
        {"query": query, "matches": [{"path": match.path, "score": match.score} for match in matches]}
        for query, matches in answers
    ]
    write_text(str(path), json.dumps(content, indent=2) + "\n")


def draw_answers(path: Path, answers: Sequence[Answer], pixels: PixelRule = DEFAULT_RULE) -> None:
    """Write a PNG with a row for each query: its image, then the images of its answer, each above its score.

    An image that cannot be shown, for example because it is gone, is replaced by a tile with the reason.
    """
    columns = 1 + max(len(answer.matches) for answer in answers)
    width, height = _TILE + _GAP, _TILE + _LINE + _GAP
    sheet = Image.new("RGB", (width * columns + 3 * _GAP, height * len(answers) + _GAP), "white")
    for row, (query, matches) in enumerate(answers):
        _tile(sheet, (_GAP, row * height + _GAP), _shown(partial(read_rgb, query, pixels)), "query")
        for place, match in enumerate(matches, 1):
            tile = _shown(partial(read_match, match, pixels))
            _tile(sheet, (place * width + 3 * _GAP, row * height + _GAP), tile, f"{match.score:.4f}")
    write_whole(str(path), lambda part: sheet.save(part, format="PNG"))


def read_match(match: Match, pixels: PixelRule = DEFAULT_RULE) -> Image.Image:
    """Read the image of a match.

    Args:
        match: the match.
        pixels: the rule for reading it.

    Raises:
        InputError: the image cannot be shown; see :func:`~fastreid_mm.retrieval.sources.image_of`.
    """
    return read_rgb(image_of(Member(match.path, match.source)), pixels)


def sign(reason: str) -> Image.Image:
    """Draw a tile with the reason why an image cannot be shown."""
    tile = Image.new("RGB", (_TILE, _TILE), "lightgrey")
    text = "\n".join(wrap(encodable(printable(reason), "ascii"), 20))
    ImageDraw.Draw(tile).text((4, 4), text, fill="black")
    return tile


def _shown(read: Callable[[], Image.Image]) -> Image.Image:
    try:
        return read()
    except InputError as error:
        return sign(str(error))


def _tile(sheet: Image.Image, corner: tuple[int, int], image: Image.Image, text: str) -> None:
    """Paste an image with its proportions kept, and a text below it."""
    scale = _TILE / max(image.size)
    image = image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))))
    sheet.paste(image, (corner[0] + (_TILE - image.width) // 2, corner[1] + (_TILE - image.height) // 2))
    ImageDraw.Draw(sheet).text((corner[0] + _TILE // 2, corner[1] + _TILE), text, fill="black", anchor="ma")
