"""Textures of toy RGB-D scenes: two colours, mixed by a pattern and by smooth noise."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

PATTERNS = ("stripes", "checks", "speckles", "clouds")


@dataclass(frozen=True)
class Texture:
    """Look of a surface.

    Attributes:
        colours: the two colours, (2, 3), 0 to 255.
        pattern: one of :data:`PATTERNS`.
        period: the length after which the pattern repeats, in pixels.
        angle: the direction of the pattern, in radians.
    """

    colours: np.ndarray
    pattern: str
    period: float
    angle: float

    def paint(self, size: int, rng: np.random.Generator) -> np.ndarray:
        """Paint a square, (size, size, 3) float, every time at another place of the pattern."""
        mix = _PAINTERS[self.pattern](self, size, rng)[..., None]  # (size, size, 1), 0 to 1
        painted = (1 - mix) * self.colours[0] + mix * self.colours[1]
        return painted * (1 + 0.12 * smooth_noise(size, size / 8, rng)[..., None])


def sample_texture(rng: np.random.Generator, size: int, hue: float) -> Texture:
    """Draw a texture around a hue, 0 to 1."""
    colours = np.stack([_colour(hue + rng.uniform(-0.04, 0.04), rng) for _ in range(2)])
    pattern = str(rng.choice(PATTERNS))
    return Texture(colours, pattern, size * rng.uniform(0.06, 0.14), rng.uniform(0, np.pi))


def smooth_noise(size: int, scale: float, rng: np.random.Generator) -> np.ndarray:
    """Draw noise of mean 0 and standard deviation 1 that changes over ``scale`` pixels, (size, size)."""
    noise = gaussian_filter(rng.standard_normal((size, size)), scale, mode="reflect")
    return (noise - noise.mean()) / noise.std()


def _colour(hue: float, rng: np.random.Generator) -> np.ndarray:
    """Draw a colour of this hue with random strength and brightness, (3,)."""
    wheel = 0.5 + 0.5 * np.cos(2 * np.pi * (hue - np.array([0, 1 / 3, 2 / 3])))
    strength, brightness = rng.uniform(0.5, 0.9), rng.uniform(90, 230)
    return brightness * (1 - strength + strength * wheel)


def _rotated(texture: Texture, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Measure along and across the pattern in periods, from a random origin, each (size, size)."""
    y, x = np.mgrid[:size, :size] + rng.uniform(0, size, (2, 1, 1))
    cos, sin = np.cos(texture.angle), np.sin(texture.angle)
    return (cos * x + sin * y) / texture.period, (cos * y - sin * x) / texture.period


def _stripes(texture: Texture, size: int, rng: np.random.Generator) -> np.ndarray:
    along, _ = _rotated(texture, size, rng)
    return (np.sin(2 * np.pi * along) > 0).astype(float)


def _checks(texture: Texture, size: int, rng: np.random.Generator) -> np.ndarray:
    along, across = _rotated(texture, size, rng)
    return (np.sin(2 * np.pi * along) * np.sin(2 * np.pi * across) > 0).astype(float)


def _speckles(texture: Texture, size: int, rng: np.random.Generator) -> np.ndarray:
    return (smooth_noise(size, texture.period / 5, rng) > 0.8).astype(float)


def _clouds(texture: Texture, size: int, rng: np.random.Generator) -> np.ndarray:
    return np.clip(0.5 + 0.4 * smooth_noise(size, texture.period / 2, rng), 0, 1)


_PAINTERS = {"stripes": _stripes, "checks": _checks, "speckles": _speckles, "clouds": _clouds}
