"""Figure of a person: a map of body and garment parts, from a shape and a pose."""

import math

import numpy as np
from PIL import Image

from toy_people.canvas import WIDTH, Canvas, Point, Pose
from toy_people.identity import Part, Shape

_BODY_PIXELS = (98, 106, 114)
_GIRTH = (0.84, 1.0, 1.2)
_HIP = (0.44, 0.475, 0.51)
_HEM = {"waist": 0.03, "hip": -0.035, "thigh": -0.13}
_SHOULDER = 0.815


def sample_pose(shape: Shape, rng: np.random.Generator) -> Pose:
    """Draw the pose of one image: turning away narrows the body and lengthens the stride."""
    yaw = rng.uniform(0.72, 1.0)
    swing = rng.uniform(0.05, 0.35) + 0.8 * (1 - yaw)
    return Pose(
        unit=_BODY_PIXELS[shape.stature] * rng.uniform(0.95, 1.03),
        foot=(WIDTH / 2 + rng.uniform(-4, 4), 123.5 + rng.uniform(-2.5, 2)),
        yaw=yaw,
        lean=rng.uniform(-0.035, 0.035),
        mirrored=bool(rng.random() < 0.5),
        from_behind=bool(rng.random() < 0.35),
        stride=rng.uniform(0.03, 0.1) + 0.5 * (1 - yaw),
        arms=(-swing, -swing + rng.uniform(0, 0.3), swing, swing + rng.uniform(-0.45, 0.1)),
    )


def draw_figure(shape: Shape, pose: Pose) -> tuple[Image.Image, Image.Image]:
    """Draw a person without colours.

    Returns:
        Two grey images of 192 x 384 pixels: the :class:`~toy_people.identity.Part` that each pixel shows, and the
        light on it (255 is full).
    """
    canvas = Canvas(pose)
    figure = _Figure(shape, pose, canvas)
    figure.draw()
    canvas.weave(Part.LOWER, Part.LOWER_MOTIF, shape.lower_pattern, (0.0, figure.hip))
    canvas.weave(Part.UPPER, Part.UPPER_MOTIF, shape.upper_pattern, (0.0, _SHOULDER))
    return canvas.parts, canvas.light


class _Figure:
    """Parts of one figure, drawn from the far side to the near one."""

    def __init__(self, shape: Shape, pose: Pose, canvas: Canvas) -> None:
        self.shape, self.pose, self.canvas = shape, pose, canvas
        self.girth, self.hip = _GIRTH[shape.build], _HIP[shape.legs]
        self.half_shoulder = 0.108 + 0.012 * shape.build
        self.half_hip = 0.082 * self.girth

    def draw(self) -> None:
        self._behind_the_body()
        self._leg(-1, -self.pose.stride, 0.8)
        self._leg(1, self.pose.stride, 1.0)
        self._skirt()
        self._arm(-1, self.pose.arms[:2], 0.82)
        self._torso()
        self._arm(1, self.pose.arms[2:], 0.95)
        self._head()
        self._before_the_body()

    def _behind_the_body(self) -> None:
        if self.shape.bag == "backpack" and not self.pose.from_behind:
            width = self.half_shoulder + 0.035
            self.canvas.polygon(_box(-width, width, 0.57, 0.8), Part.BAG, 0.75)
        if self.shape.head == "long" and not self.pose.from_behind:
            self.canvas.polygon(_trapezoid(0.05, 0.93, 0.078, 0.77), Part.HAIR, 0.8)

    def _leg(self, side: int, angle: float, light: float) -> None:
        cloth = {"trousers": (Part.LOWER, Part.LOWER), "shorts": (Part.LOWER, Part.SKIN)}
        parts = cloth.get(self.shape.lower, (Part.SKIN, Part.SKIN))
        hip = (0.046 * side * self.girth, self.hip)
        knee = _swing(hip, angle, self.hip * 0.5)
        ankle = _swing(knee, angle * 0.35 - 0.04, self.hip - self.hip * 0.5 * math.cos(angle) - 0.03)
        widths = (0.088 * self.girth, 0.066 * self.girth, 0.05 * self.girth)
        self.canvas.limb((hip, knee, ankle), widths, parts, light)
        self.canvas.disc((ankle[0] + 0.016, ankle[1] - 0.016), 0.044, 0.021, Part.SHOES, light)

    def _skirt(self) -> None:
        hem = {"skirt": self.hip * 0.56, "long skirt": self.hip * 0.2}.get(self.shape.lower)
        if hem is not None:
            flare = 0.12 + 0.25 * (self.hip - hem) * (0.6 + 2 * self.pose.stride)
            self.canvas.polygon(_trapezoid(self.half_hip, self.hip + 0.06, flare * self.girth, hem), Part.LOWER, 0.96)

    def _torso(self) -> None:
        self.canvas.polygon(_box(-self.half_hip, self.half_hip, self.hip - 0.03, self.hip + 0.08), Part.LOWER, 0.98)
        waist, hem = 0.074 * self.girth, self.hip + _HEM[self.shape.hem]
        bottom = self.half_hip * (1.14 if self.shape.hem != "waist" else 1.0)
        right = [(0.04, 0.85), (self.half_shoulder, _SHOULDER), (self.half_shoulder * 0.9, 0.74), (waist, 0.6)]
        right += [(bottom, max(hem, self.hip - 0.02)), (bottom * 1.06, hem)]
        self.canvas.polygon(right + [(-x, y) for x, y in reversed(right)], Part.UPPER)
        self.canvas.polygon(_box(-0.024, 0.024, 0.83, 0.88), Part.SKIN, 0.8)

    def _arm(self, side: int, angles: tuple[float, ...], light: float) -> None:
        sleeves = {"none": (Part.SKIN, Part.SKIN), "short": (Part.UPPER, Part.SKIN), "long": (Part.UPPER, Part.UPPER)}
        shoulder = (side * (self.half_shoulder - 0.012), _SHOULDER - 0.02)
        elbow = _swing(shoulder, angles[0] + 0.12 * side, 0.165)
        wrist = _swing(elbow, angles[1], 0.15)
        widths = (0.056 * self.girth, 0.046 * self.girth, 0.036 * self.girth)
        self.canvas.disc(_swing(wrist, angles[1], 0.022), 0.021, 0.025, Part.SKIN, light)
        self.canvas.limb((shoulder, elbow, wrist), widths, sleeves[self.shape.sleeves], light)
        if side == 1 and self.shape.bag == "handbag":
            self._handbag(_swing(wrist, 0.0, 0.03))

    def _handbag(self, hand: Point) -> None:
        x, y = hand
        self.canvas.limb(((x, y), (x, y - 0.05)), (0.008, 0.05), (Part.BAG,), 0.8)
        self.canvas.polygon(_box(x - 0.058, x + 0.058, y - 0.15, y - 0.05), Part.BAG)

    def _head(self) -> None:
        head, behind = self.shape.head, self.pose.from_behind
        self.canvas.disc((0.0, 0.925), 0.056, 0.07, Part.SKIN)
        if head in ("short", "long", "bun"):
            self._hair(head, behind)
        elif head == "hood":
            self.canvas.disc((0.0, 0.93), 0.075, 0.088, Part.UPPER, 0.85)
        if not behind:
            self._face()
        if head in ("cap", "brim"):
            self._hat(head)

    def _hair(self, head: str, behind: bool) -> None:
        if head == "bun":
            self.canvas.disc((0.0, 1.02), 0.032, 0.03, Part.HAIR, 0.85)
        if head == "long" and behind:
            self.canvas.polygon(_trapezoid(0.062, 0.95, 0.078, 0.76), Part.HAIR, 0.9)
        self.canvas.disc((0.0, 0.945), 0.064, 0.066, Part.HAIR)

    def _face(self) -> None:
        self.canvas.disc((0.006, 0.912), 0.046, 0.058, Part.SKIN)
        for x in (-0.012, 0.026):
            self.canvas.disc((x, 0.922), 0.008, 0.006, Part.SKIN, 0.4)

    def _hat(self, head: str) -> None:
        self.canvas.disc((0.0, 0.972), 0.062, 0.045, Part.HAT)
        x, width = {"brim": (0.0, 0.115), "cap": (0.045, 0.06)}[head]
        self.canvas.disc((x, 0.962), width, 0.013, Part.HAT, 0.8)

    def _before_the_body(self) -> None:
        if self.shape.bag == "satchel":
            self.canvas.limb(((-0.07, 0.82), (0.1, 0.52)), (0.018, 0.018), (Part.BAG,), 0.85)
            self.canvas.polygon(_box(0.03, 0.16, 0.42, 0.53), Part.BAG)
        if self.shape.bag == "backpack" and self.pose.from_behind:
            self.canvas.polygon(_box(-0.09, 0.09, 0.57, 0.83), Part.BAG, 0.7)
            self.canvas.polygon(_box(-0.08, 0.08, 0.58, 0.82), Part.BAG)
        elif self.shape.bag == "backpack":
            for x in (-0.07, 0.07):
                self.canvas.limb(((x, 0.82), (x, 0.64)), (0.02, 0.02), (Part.BAG,), 0.85)


def _swing(start: Point, angle: float, length: float) -> Point:
    """Find the end of a limb that hangs from ``start``."""
    return start[0] + length * math.sin(angle), start[1] - length * math.cos(angle)


def _box(left: float, right: float, bottom: float, top: float) -> list[Point]:
    return [(left, bottom), (right, bottom), (right, top), (left, top)]


def _trapezoid(half_top: float, top: float, half_bottom: float, bottom: float) -> list[Point]:
    return [(-half_top, top), (half_top, top), (half_bottom, bottom), (-half_bottom, bottom)]
