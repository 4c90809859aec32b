"""A toy RGB-D scene in which the salient object is the one thing that is both near and of its own texture.

The same shapes appear three times: the object, in its own texture and near; a patch painted in the object's texture on
what lies behind; and a lump in the background's texture, as near as the object. Colour alone cannot tell the object
from the patch, depth alone cannot tell it from the lump.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from toy_scenes.textures import Texture, sample_texture, smooth_noise

KINDS = ("object", "patch", "lump")
TRIES = 40


@dataclass(frozen=True)
class Scene:
    """One sample.

    Attributes:
        image: (size, size, 3) uint8, red, green and blue.
        depth: (size, size) uint8, white is near.
        mask: (size, size) uint8, 255 on the salient object.
    """

    image: Image.Image
    depth: Image.Image
    mask: Image.Image


def draw_scene(size: int, rng: np.random.Generator) -> Scene:
    """Draw a scene: one object, one patch, one lump and, where there is room, up to one more patch and lump.

    Args:
        size: of the sides, in pixels.
        rng: draws everything.
    """
    hue = rng.uniform()
    ground = sample_texture(rng, size, hue)
    own = sample_texture(rng, size, hue + rng.uniform(0.25, 0.75))
    image, depth = ground.paint(size, rng), _background_depth(size, rng)
    mask = np.zeros((size, size), bool)
    kinds = [*KINDS, *rng.permutation(KINDS[1:])[: rng.integers(3)].tolist()]
    for kind, shape in zip(kinds, _apart(size, len(kinds), rng)):
        _put(kind, shape, ground if kind == "lump" else own, image, depth, rng)
        mask |= shape & (kind == "object")
    return _photograph(image, depth, mask, rng)


def _background_depth(size: int, rng: np.random.Generator) -> np.ndarray:
    """A tilted, uneven ground behind everything, (size, size) between 0 and about 0.45."""
    y, x = np.mgrid[:size, :size] / size
    tilt = rng.uniform(0.1, 0.3) * y + rng.uniform(-0.1, 0.1) * (x - 0.5)
    return np.clip(rng.uniform(0.02, 0.15) + tilt + 0.02 * smooth_noise(size, size / 10, rng), 0, None)


def _apart(size: int, count: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Shapes that do not touch, each (size, size) bool: ``count`` if they find room, one of each kind at least."""
    shapes: list[np.ndarray] = []
    while len(shapes) < len(KINDS):
        shapes = _scatter(size, count, rng)
    return shapes


def _scatter(size: int, count: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Shapes at random places, those left out that touch an earlier one."""
    shapes: list[np.ndarray] = []
    taken = np.zeros((size, size), bool)
    for _ in range(TRIES):
        shape = _blob(size, rng)
        if len(shapes) < count and not (shape & taken).any():
            shapes.append(shape)
            taken |= gaussian_filter(shape.astype(float), size / 48) > 0.01  # and a margin
    return shapes


def _blob(size: int, rng: np.random.Generator) -> np.ndarray:
    """A rounded, lobed or nearly rectangular shape, (size, size) bool."""
    centre, radius = rng.uniform(0.18, 0.82, 2) * size, rng.uniform(0.12, 0.2) * size
    y, x = np.mgrid[:size, :size]
    y, x = y - centre[0], x - centre[1]
    angle = np.arctan2(y, x) - rng.uniform(0, 2 * np.pi)
    lobes = 1 + rng.uniform(0, 0.22) * np.cos(int(rng.integers(2, 6)) * angle)
    power = rng.choice([2.0, 2.0, 6.0])  # 6: a rectangle with round corners
    stretch = rng.uniform(0.75, 1.3)
    distance = (np.abs(stretch * x) ** power + np.abs(y / stretch) ** power) ** (1 / power)
    return distance < radius * lobes


def _put(
    kind: str, shape: np.ndarray, texture: Texture, image: np.ndarray, depth: np.ndarray, rng: np.random.Generator
) -> None:
    """Draw one thing into image and depth."""
    size = len(shape)
    image[shape] = texture.paint(size, rng)[shape]
    if kind != "patch":
        rounded = gaussian_filter(shape.astype(float), size / 24)[shape]
        depth[shape] = depth[shape].mean() + rng.uniform(0.22, 0.45) + 0.08 * rounded


def _photograph(image: np.ndarray, depth: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> Scene:
    """Light from one side, a lens and two sensors."""
    size = len(mask)
    light = 1 + 0.25 * np.tensordot(rng.uniform(-1, 1, 2), np.mgrid[:size, :size] / size - 0.5, 1)
    seen = gaussian_filter(image * light[..., None], (0.5, 0.5, 0)) + rng.normal(0, 6, image.shape)
    measured = gaussian_filter(depth, 0.7) + rng.normal(0, 0.012, depth.shape)
    return Scene(*(Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
                   for values in (seen, 255 * measured, 255.0 * mask)))
