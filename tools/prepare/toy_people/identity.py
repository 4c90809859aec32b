"""Identities of toy people: traits that both modalities show, and traits that only one of them shows."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np

from data_folders.complete import require_seed
from fastreid_mm.common.errors import InputError

MAX_PEOPLE = 1000
# Two people differ in at least this many fields of their Shape.
MIN_DIFFERENCE = 3

Colour = tuple[int, int, int]


class Part(IntEnum):
    """Part of a figure that a pixel shows. Garments have a ground and a motif."""

    NONE = 0
    SKIN = 1
    HAIR = 2
    HAT = 3
    UPPER = 4
    UPPER_MOTIF = 5
    LOWER = 6
    LOWER_MOTIF = 7
    SHOES = 8
    BAG = 9


@dataclass(frozen=True)
class Pattern:
    """Pattern of a garment, repeated every ``period`` body heights (0.05 is about five pixels)."""

    kind: str
    period: float = 0.0


_WOVEN = (
    Pattern("plain"),
    Pattern("horizontal", 0.05),
    Pattern("horizontal", 0.1),
    Pattern("vertical", 0.05),
    Pattern("vertical", 0.1),
    Pattern("checks", 0.1),
    Pattern("dots", 0.065),
    Pattern("diagonal", 0.08),
)
CHOICES: dict[str, tuple] = {
    "stature": (0, 1, 2),
    "build": (0, 1, 2),
    "legs": (0, 1, 2),
    "head": ("short", "long", "bun", "bald", "cap", "brim", "hood"),
    "sleeves": ("none", "short", "long"),
    "hem": ("waist", "hip", "thigh"),
    "lower": ("trousers", "shorts", "skirt", "long skirt"),
    "bag": ("none", "backpack", "satchel", "handbag"),
    "upper_pattern": (*_WOVEN, Pattern("logo"), Pattern("sash"), Pattern("halves")),
    "lower_pattern": _WOVEN,
}


@dataclass(frozen=True)
class Shape:
    """Traits that both modalities show: body, cut of the clothes, patterns. Levels run from 0 to 2."""

    stature: int
    build: int
    legs: int
    head: str
    sleeves: str
    hem: str
    lower: str
    bag: str
    upper_pattern: Pattern
    lower_pattern: Pattern

    def difference(self, other: "Shape") -> int:
        """Count the fields in which two people differ."""
        return sum(getattr(self, field.name) != getattr(other, field.name) for field in fields(self))


@dataclass(frozen=True)
class Person:
    """Person, who is an identity.

    Attributes:
        shape: the traits that both modalities show.
        colours: the colour of each :class:`Part`, which only visible light shows.
        warmth: the grey value of each :class:`Part`, which only infrared shows; it is independent of the colours.
    """

    shape: Shape
    colours: tuple[Colour, ...]
    warmth: tuple[int, ...]


# So few that many people share each garment colour.
_CLOTH = ((232, 230, 224), (36, 38, 44), (168, 42, 44), (214, 196, 152), (38, 62, 120), (128, 132, 136), (52, 104, 66))
_SKIN = ((236, 196, 168), (206, 156, 120), (142, 98, 72))
_HAIR = ((34, 28, 26), (82, 54, 34), (176, 140, 84), (150, 146, 142))


def sample_people(count: int, seed: int) -> list[Person]:
    """Draw 1 to 1000 people who differ in shape; the same seed gives the same people."""
    if not 1 <= count <= MAX_PEOPLE:
        raise InputError(f"the number of identities must be 1 to {MAX_PEOPLE}, got {count}")
    require_seed(seed)
    rng = np.random.default_rng([seed, 0])
    shapes = _distinct_shapes(rng)
    return [Person(next(shapes), _colours(rng), _warmth(rng)) for _ in range(count)]


def _distinct_shapes(rng: np.random.Generator) -> Iterator[Shape]:
    seen: list[Shape] = []
    while True:
        shape = Shape(**{name: values[rng.integers(len(values))] for name, values in CHOICES.items()})
        if all(shape.difference(other) >= MIN_DIFFERENCE for other in seen):
            seen.append(shape)
            yield shape


def _colours(rng: np.random.Generator) -> tuple[Colour, ...]:
    upper, lower = (_ground_and_motif(rng) for _ in range(2))
    skin, hair = _SKIN[rng.integers(len(_SKIN))], _HAIR[rng.integers(len(_HAIR))]
    hat, shoes, bag = (_CLOTH[i] for i in rng.integers(len(_CLOTH), size=3))
    return ((0, 0, 0), skin, hair, hat, *upper, *lower, shoes, bag)


def _ground_and_motif(rng: np.random.Generator) -> tuple[Colour, Colour]:
    ground = _CLOTH[rng.integers(len(_CLOTH))]
    motifs = [colour for colour in _CLOTH if abs(_luminance(colour) - _luminance(ground)) > 60]
    return ground, motifs[rng.integers(len(motifs))]


def _luminance(colour: Colour) -> float:
    return 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]


def _warmth(rng: np.random.Generator) -> tuple[int, ...]:
    """Draw warmth: cloth between the cool background and the skin, motifs at a fraction of their visible contrast."""
    upper, lower, hat, shoes, bag = rng.integers(85, 150, size=5).tolist()
    motifs = rng.choice([-38, 38], size=2) + rng.integers(-5, 6, size=2)
    hair = int(rng.integers(90, 125))
    return (0, 208, hair, hat, upper, upper + int(motifs[0]), lower, lower + int(motifs[1]), shoes, bag)
