"""Places that the toy people walk through, each a long panorama of which an image shows a window."""

from enum import IntEnum

import numpy as np
from PIL import Image, ImageDraw

from toy_people.canvas import HEIGHT, WIDTH

PANORAMA_WIDTH = 5 * WIDTH


class Surface(IntEnum):
    """Surface of a place that a pixel shows."""

    WALL = 0
    FLOOR = 1
    DOOR = 2
    PICTURE = 3
    LAMP = 4
    SKY = 5
    BUILDING = 6
    WINDOW = 7
    LEAVES = 8
    TRUNK = 9


def draw_place(indoor: bool, seed: list[int]) -> np.ndarray:
    """Draw a corridor or a street without colours: the :class:`Surface` of every pixel, (128, 320)."""
    rng = np.random.default_rng(seed)
    image = Image.new("L", (PANORAMA_WIDTH, HEIGHT), Surface.WALL if indoor else Surface.SKY)
    draw = ImageDraw.Draw(image)
    (_corridor if indoor else _street)(draw, rng)
    return np.array(image)


def _corridor(draw: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    floor = int(rng.integers(92, 104))
    _rectangle(draw, 0, floor, PANORAMA_WIDTH, HEIGHT, Surface.FLOOR)
    x = int(rng.integers(0, 40))
    while x < PANORAMA_WIDTH:
        width = int(rng.integers(18, 34))
        if rng.random() < 0.5:
            _rectangle(draw, x, int(rng.integers(18, 34)), x + width, floor, Surface.DOOR)
        else:
            top = int(rng.integers(14, 40))
            _rectangle(draw, x, top, x + width, top + int(rng.integers(14, 30)), Surface.PICTURE)
        _rectangle(draw, x + width + 8, 0, x + width + 22, 4, Surface.LAMP)
        x += width + int(rng.integers(20, 60))


def _street(draw: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    ground = int(rng.integers(84, 98))
    x = 0
    while x < PANORAMA_WIDTH:
        width = int(rng.integers(40, 90))
        if rng.random() < 0.6:
            _house(draw, x, width, ground, rng)
        else:
            _tree(draw, x + width // 2, ground, rng)
        x += width + int(rng.integers(0, 20))
    _rectangle(draw, 0, ground, PANORAMA_WIDTH, HEIGHT, Surface.FLOOR)


def _house(draw: ImageDraw.ImageDraw, left: int, width: int, ground: int, rng: np.random.Generator) -> None:
    top = int(rng.integers(0, 45))
    _rectangle(draw, left, top, left + width, ground, Surface.BUILDING)
    step, size = int(rng.integers(16, 24)), int(rng.integers(6, 11))
    for x in range(left + 6, left + width - size, step):
        for y in range(top + 6, ground - 2 * size, step):
            _rectangle(draw, x, y, x + size, y + size + 3, Surface.WINDOW)


def _tree(draw: ImageDraw.ImageDraw, x: int, ground: int, rng: np.random.Generator) -> None:
    _rectangle(draw, x - 2, ground - 45, x + 2, ground, Surface.TRUNK)
    for _ in range(14):
        cx, cy, r = x + rng.normal(0, 10), ground - 62 + rng.normal(0, 12), rng.uniform(6, 13)
        draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=int(Surface.LEAVES))


def _rectangle(draw: ImageDraw.ImageDraw, left: int, top: int, right: int, bottom: int, surface: Surface) -> None:
    draw.rectangle((left, top, right - 1, bottom - 1), fill=int(surface))
