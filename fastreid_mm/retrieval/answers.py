"""Answers to queries, as text, as JSON and as a picture."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path, PurePath
from textwrap import wrap
from typing import NamedTuple

from PIL import Image, ImageDraw

from fastreid_mm.common.console import encodable, printable
from fastreid_mm.common.errors import InputError
from fastreid_mm.common.picture_sheet import Row, Tile, draw_sheet, framed_right
from fastreid_mm.common.read_image import DEFAULT_RULE, PixelRule, read_rgb
from fastreid_mm.common.whole_file import write_text, write_whole
from fastreid_mm.retrieval.path_labels import PathLabel
from fastreid_mm.retrieval.sources import Member, Source, image_of, state_of

_TILE = 128
_WORDS = {True: "right", False: "wrong", None: ""}


class Match(NamedTuple):
    """Gallery image in the answer to a query."""

    path: str
    score: float
    """Score, higher if the image is nearer."""
    source: Source | None = None
    """Source of the image when it was indexed, if that is known."""
    metadata: dict[str, str] | None = None
    """Text by column, if the image was indexed with a table."""


class Answer(NamedTuple):
    """Answer to a query."""

    query: str
    matches: list[Match]
    """Gallery images, the best first."""


def judged(answer: Answer, identity: PathLabel) -> list[bool | None]:
    """Tell which images of an answer are right, as far as the paths name identities; None stands for unknown."""
    asked = identity(answer.query)
    names = [identity(match.path) for match in answer.matches]
    return [name == asked if name and asked else None for name in names]


def hits(answers: Sequence[Answer], identity: PathLabel) -> str:
    """Count the right images; empty if the identities are unknown."""
    known = [[right for right in judged(answer, identity) if right is not None] for answer in answers]
    known = [of_one for of_one in known if of_one]
    if not known:
        return ""
    first, found, shown = sum(of_one[0] for of_one in known), sum(map(sum, known)), sum(map(len, known))
    return f"the first image is right for {first} of {len(known)}, {found} of all {shown} images are right"


def as_text(answers: Sequence[Answer], identity: PathLabel) -> str:
    """Format answers as a block of lines for each query."""
    return "\n".join(
        "\n".join([printable(answer.query), *map(_line, range(1, len(rights) + 1), answer.matches, rights)])
        for answer, rights in ((answer, judged(answer, identity)) for answer in answers)
    )


def _line(rank: int, match: Match, right: bool | None) -> str:
    return f"{rank:5} {match.score:9.4f}  {printable(match.path)}  {_WORDS[right]}".rstrip()


def outdated(answers: Sequence[Answer]) -> str:
    """Describe how many images of the answers are gone or changed, and the first of them; empty if none is."""
    members = {match.path: Member(match.path, match.source) for _, matches in answers for match in matches}
    states = ((name, state_of(member)) for name, member in members.items())
    lines = [f"{name} {state}" for name, state in states if state]
    more = "repeat index_gallery, with --prune to leave out what is gone"
    return f"{len(lines)} of the images found are not what was indexed, the first: {lines[0]}; {more}" if lines else ""


def write_answers(path: Path, answers: Sequence[Answer]) -> None:
    """Write a JSON list of ``{"query": path, "matches": [{"path": path, "score": number}, ...]}``.

    Matches that have metadata have it under ``"metadata"``.
    """
    content = [
        {
            "query": query,
            "matches": [
                {"path": match.path, "score": match.score} | ({"metadata": match.metadata} if match.metadata else {})
                for match in matches
            ],
        }
        for query, matches in answers
    ]
    write_text(str(path), json.dumps(content, indent=2) + "\n")


def draw_answers(path: Path, answers: Sequence[Answer], identity: PathLabel, pixels: PixelRule = DEFAULT_RULE) -> None:
    """Write a PNG with a row for each query: its image, then the images of its answer above their scores and names.

    Frames are green where the paths say that the identity is the query's, orange where it is another. An image that
    cannot be shown, for example because it is gone, is replaced by a tile with the reason.
    """
    rows = []
    for answer in answers:
        tiles = [Tile(_shown(partial(read_rgb, answer.query, pixels)), _name(answer.query))]
        for match, right in zip(answer.matches, judged(answer, identity)):
            caption = f"{match.score:.3f}\n{_name(match.path)}"
            tiles.append(Tile(_shown(partial(read_match, match, pixels)), caption, framed_right(right)))
        rows.append(Row(printable(answer.query), tiles))
    sheet = draw_sheet(hits(answers, identity), rows, _TILE)
    write_whole(str(path), lambda part: sheet.save(part, format="PNG"))


def _name(path: str) -> str:
    """Shorten a path to folder and file."""
    return "/".join(PurePath(path).parts[-2:])


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
