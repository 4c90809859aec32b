"""Sheets of pictures: nothing is cut off, nothing is empty."""

import numpy as np
from PIL import Image

from fastreid_mm.common.picture_sheet import FRAME, MARGIN, RIGHT, Row, Tile, _fitted, _length, draw_sheet


def test_tiles_are_framed_whole_and_the_sheet_fits():
    image = Image.new("RGB", (10, 20), (1, 2, 3))
    row = Row("a title", [Tile(image, "query"), Tile(image, "0.9\nname", RIGHT)])
    sheet = np.asarray(draw_sheet("", [row], longest=128))
    height, width, _ = sheet.shape
    inside, frame = (sheet == (1, 2, 3)).all(2), (sheet == RIGHT).all(2)
    assert inside.sum() == 2 * 64 * 128  # both, none covered
    assert frame.sum() == (64 + 2 * FRAME) * (128 + 2 * FRAME) - 64 * 128
    assert width <= 2 * (72 + 2 * FRAME) + 6 + 3 * MARGIN and height < 128 + 90
    assert draw_sheet("a heading", [row]).height > height


def test_a_long_title_widens_and_a_long_name_keeps_its_end():
    image = Image.new("RGB", (10, 20))
    assert draw_sheet("x" * 90, [Row("", [Tile(image)])]).width > _length("x" * 90, 14)
    text = _fitted("a/very/long/path/0121/0001.jpg", 72)
    assert text.startswith("..") and text.endswith("0001.jpg") and _length(text, 11) <= 72
    assert _fitted("short", 72) == "short" and _fitted("\xe4\n", 200) == "\\xe4\\n"
    assert draw_sheet("", []).size == (3 * MARGIN + 80, MARGIN)
