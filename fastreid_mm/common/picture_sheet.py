"""Sheet of small pictures: titled rows of tiles, each with a frame and a caption below it."""

from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from fastreid_mm.common.console import encodable, printable

Colour = tuple[int, int, int]

RIGHT, WRONG, PLAIN = (0, 158, 115), (213, 94, 0), (150, 150, 150)
"""Colours of frames: right, wrong, unknown. People with any colour vision tell them apart."""
FRAME = 4
"""Width of a frame in pixels."""
MARGIN = 10
"""Space around rows, and between the first tile of a row and the others, in pixels."""
_GAP, _NARROWEST = 6, 72
_TITLE, _CAPTION = 14, 11  # sizes of letters
_LINE = _CAPTION + 3


class Tile(NamedTuple):
    """Picture with a frame and a caption."""

    image: Image.Image
    caption: str = ""
    frame: Colour = PLAIN


class Row(NamedTuple):
    """Title and the tiles below it, of which the first, the query, is set apart."""

    title: str
    tiles: Sequence[Tile]


def framed_right(right: bool | None) -> Colour:
    """Choose the colour of a frame; None stands for unknown."""
    return PLAIN if right is None else RIGHT if right else WRONG


def draw_sheet(heading: str, rows: Sequence[Row], longest: int = 128) -> Image.Image:
    """Draw rows of tiles below a heading, on a sheet just large enough for them.

    Args:
        heading: text above all rows; empty for none.
        rows: the rows.
        longest: length of the longer side of every picture, in pixels.
    """
    rows = [Row(title, [tile._replace(image=_scaled(tile.image, longest)) for tile in tiles]) for title, tiles in rows]
    tiles = [tile for row in rows for tile in row.tiles]
    width = max([_NARROWEST, *(tile.image.width for tile in tiles)]) + 2 * FRAME
    height = max([1, *(tile.image.height for tile in tiles)]) + 2 * FRAME
    lines = max([0, *(len(tile.caption.splitlines()) for tile in tiles)])
    above = 2 * _TITLE if heading else 0
    step = _TITLE + 6 + height + 4 + lines * _LINE + MARGIN
    columns = max([1, *(len(row.tiles) for row in rows)])
    text = max([0, *(_length(each, _TITLE) for each in (heading, *(row.title for row in rows)))])
    across = max(columns * (width + _GAP) - _GAP + MARGIN, text)
    sheet = Image.new("RGB", (across + 2 * MARGIN, above + step * len(rows) + MARGIN), "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((MARGIN, MARGIN), encodable(heading, "ascii"), fill="black", font=_font(_TITLE))
    for number, (title, of_row) in enumerate(rows):
        top = MARGIN + above + number * step
        draw.text((MARGIN, top), encodable(title, "ascii"), fill=(60, 60, 60), font=_font(_TITLE))
        for place, tile in enumerate(of_row):
            left = MARGIN + place * (width + _GAP) + (MARGIN if place else 0)
            _draw_tile(sheet, tile, (left, top + _TITLE + 6), (width, height))
    return sheet


def _draw_tile(sheet: Image.Image, tile: Tile, corner: tuple[int, int], size: tuple[int, int]) -> None:
    image = tile.image
    left, top = corner[0] + (size[0] - image.width) // 2, corner[1] + (size[1] - image.height) // 2
    outer = (left - FRAME, top - FRAME, left + image.width + FRAME - 1, top + image.height + FRAME - 1)
    draw = ImageDraw.Draw(sheet)
    draw.rectangle(outer, fill=tile.frame)
    sheet.paste(image, (left, top))
    middle, below = corner[0] + size[0] // 2, corner[1] + size[1] + 4
    for number, line in enumerate(tile.caption.splitlines()):
        place = (middle, below + number * _LINE)
        draw.text(place, _fitted(line, size[0]), fill="black", anchor="ma", font=_font(_CAPTION))


def _scaled(image: Image.Image, longest: int) -> Image.Image:
    scale = longest / max(image.size)
    return image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))))


def _fitted(text: str, width: int) -> str:
    """Leave out the beginning of a text that is too long: the end of a path tells most."""
    text = encodable(printable(text), "ascii")
    if _length(text, _CAPTION) <= width:
        return text
    while text and _length(f"..{text}", _CAPTION) > width:
        text = text[1:]
    return f"..{text}"


def _length(text: str, size: int) -> int:
    return round(_font(size).getlength(encodable(printable(text), "ascii")))


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
