"""Drawing surface in body coordinates, and garment patterns on it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from toy_people.identity import Part, Pattern

WIDTH, HEIGHT = 64, 128
# Figures are drawn this many times too large and averaged down, which smooths their outlines.
OVERSAMPLING = 3

Point = tuple[float, float]


@dataclass(frozen=True)
class Pose:
    """Posture of a person before the camera in one image.

    Attributes:
        unit: the body height in pixels.
        foot: the point between the feet in the image, in pixels.
        yaw: the share of the body's width that is seen; it is 1 if the body is seen straight on.
        lean: the sideways shift per unit of height.
        mirrored: whether the person walks the other way.
        from_behind: whether the person is seen from the back.
        stride: the angle of a leg to the vertical, in radians.
        arms: the angles of far upper arm, far forearm, near upper arm and near forearm to the vertical, in radians.
    """

    unit: float
    foot: Point
    yaw: float
    lean: float
    mirrored: bool
    from_behind: bool
    stride: float
    arms: tuple[float, float, float, float]


class Canvas:
    """Part that each pixel shows, and the light on it, in body coordinates.

    ``x`` runs from the body's axis to its near side, ``y`` from the ground (0) to the crown (1).

    Args:
        pose: places the body in the image.
    """

    def __init__(self, pose: Pose) -> None:
        size = (WIDTH * OVERSAMPLING, HEIGHT * OVERSAMPLING)
        self.parts = Image.new("L", size, Part.NONE)
        self.light = Image.new("L", size, 255)
        self._draws = (ImageDraw.Draw(self.parts), ImageDraw.Draw(self.light))
        self._unit = pose.unit * OVERSAMPLING
        self._origin = (pose.foot[0] * OVERSAMPLING, pose.foot[1] * OVERSAMPLING)
        self._across = self._unit * pose.yaw * (-1 if pose.mirrored else 1)
        self._lean = self._unit * pose.lean

    def polygon(self, points: Sequence[Point], part: Part, light: float = 1.0) -> None:
        """Fill the polygon through body points."""
        pixels = [self._pixel(point) for point in points]
        for draw, value in zip(self._draws, (int(part), round(255 * light))):
            draw.polygon(pixels, fill=value)

    def disc(self, centre: Point, radius_x: float, radius_y: float, part: Part, light: float = 1.0) -> None:
        """Fill an upright ellipse."""
        x, y = self._pixel(centre)
        rx, ry = abs(radius_x * self._across), radius_y * self._unit
        for draw, value in zip(self._draws, (int(part), round(255 * light))):
            draw.ellipse((x - rx, y - ry, x + rx, y + ry), fill=value)

    def limb(self, joints: Sequence[Point], widths: Sequence[float], parts: Sequence[Part], light: float = 1.0) -> None:
        """Fill a tapered, round-jointed limb with a darker rim, which sets it off from a body of the same cloth.

        The joints, with the width at each, are one more than the parts; outer segments are drawn first.
        """
        for rim, shade in ((0.008, 0.72 * light), (0.0, light)):
            for i in reversed(range(len(parts))):
                first, last = widths[i] / 2 + rim, widths[i + 1] / 2 + rim
                self.disc(joints[i], first, first, parts[i], shade)
                self.disc(joints[i + 1], last, last, parts[i], shade)
                self.polygon(_taper(joints[i], joints[i + 1], first, last), parts[i], shade)

    def weave(self, part: Part, motif: Part, pattern: Pattern, origin: Point) -> None:
        """Turn a garment's ground, ``part``, into ``motif`` at the motifs of a pattern, laid out from a body point."""
        labels = np.array(self.parts)
        rows, columns = _extent(labels == part)
        found = labels[rows, columns]  # a view
        y = (self._origin[1] - np.arange(rows.start, rows.stop, dtype=np.float32)[:, None]) / self._unit
        x = (np.arange(columns.start, columns.stop, dtype=np.float32) - self._origin[0] - self._lean * y) / self._across
        found[(found == part) & _motif(pattern, x - origin[0], y - origin[1])] = motif
        self.parts = Image.fromarray(labels)
        self._draws = (ImageDraw.Draw(self.parts), self._draws[1])

    def _pixel(self, point: Point) -> Point:
        x, y = point
        return self._origin[0] + self._across * x + self._lean * y, self._origin[1] - self._unit * y


def _extent(mask: np.ndarray) -> tuple[slice, slice]:
    """Find the rows and columns of the smallest box around the true pixels of (H, W); both are empty if none is."""
    spans = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    rows, columns = (slice(span[0], span[-1] + 1) if len(span) else slice(0, 0) for span in spans)
    return rows, columns


def _taper(start: Point, end: Point, first: float, last: float) -> list[Point]:
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = max((dx * dx + dy * dy) ** 0.5, 1e-6)
    nx, ny = -dy / length, dx / length
    return [
        (start[0] + nx * first, start[1] + ny * first),
        (end[0] + nx * last, end[1] + ny * last),
        (end[0] - nx * last, end[1] - ny * last),
        (start[0] - nx * first, start[1] - ny * first),
    ]


def _motif(pattern: Pattern, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Find the pixels of a pattern's motif, (H, W) bool, from x (1, W) and y (H, 1) in body heights from its origin."""
    period = pattern.period or 1.0
    u, v = x / period, y / period
    match pattern.kind:
        case "horizontal":
            return (v % 1 < 0.5) | np.zeros_like(x, dtype=bool)
        case "vertical":
            return (u % 1 < 0.5) | np.zeros_like(y, dtype=bool)
        case "diagonal":
            return (u + v) % 1 < 0.5
        case "checks":
            return (u % 1 < 0.5) ^ (v % 1 < 0.5)
        case "dots":
            return (u % 1 - 0.5) ** 2 + (v % 1 - 0.5) ** 2 < 0.1
        case "logo":
            return (abs(x) < 0.055) & (abs(y + 0.1) < 0.045)
        case "sash":
            return abs(x - 0.8 * (y + 0.16)) < 0.035
        case "halves":
            return (y < -0.15) | np.zeros_like(x, dtype=bool)
        case _:
            return np.zeros(np.broadcast_shapes(x.shape, y.shape), dtype=bool)
