"""Toy scenes, in which only the salient object is both near, or warm, and of a different texture.

The same shapes appear three times: the object, in its own texture and near; a patch painted in the object's texture on
the background; and a lump in the background's texture, as near as the object. Colour alone cannot tell the object
from the patch, depth alone cannot tell it from the lump. With a thermal image, what is near is warm.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from data_folders.complete import make_folder, save_image
from fastreid_mm.common.errors import InputError, require_choice
from toy_scenes.textures import Texture, sample_texture, smooth_noise
from toy_scenes.thermal import false_colours, radiometric

KINDS = ("object", "patch", "lump")
TRIES = 40
SECOND = {
    "depth": ("depth", ".png", lambda depth: depth),
    "thermal": ("T", ".jpg", false_colours),
    "radiometric": ("T", ".tif", radiometric),
}
"""Folder and suffix of the second modality, and how it is made of the depth: in D3Net's layout or in that of VT5000."""
MIN_SIZE = 32


@dataclass(frozen=True)
class Scene:
    """Sample of three square images of one size.

    Attributes:
        image: the image of the camera, in RGB.
        depth: the depth in grey values; white is near.
        mask: white on the salient object and black elsewhere.
    """

    image: Image.Image
    depth: Image.Image
    mask: Image.Image


def make_toy_rgbd(
    root: str | Path, train: int = 400, test: int = 100, size: int = 96, seed: int = 0, modality: str = "depth"
) -> bool:
    """Draw ``root/train`` and ``root/test``, each with ``RGB``, ``depth`` or ``T``, and ``GT``; in depth white is near.

    Args:
        root: the folder to make.
        train, test: the numbers of scenes, at least one each.
        size: the width and height of the images, at least 32 pixels.
        seed: determines everything: the same seed gives the same bytes.
        modality: "depth"; "thermal" for false colours in JPEG, as the RGB-T sets have; or "radiometric" for TIFF of 16
            bits in kelvin times 100.

    Returns:
        True if the folder was made now, False if it was already there.

    Raises:
        InputError: a number is out of range, or the folder is in use.
    """
    for name, value, least in (("train", train, 1), ("test", test, 1), ("size", size, MIN_SIZE), ("seed", seed, 0)):
        if value < least:
            raise InputError(f"{name} must be at least {least}, got {value}")
    require_choice("modality", modality, SECOND)
    recipe = {"maker": "toy rgbd 1", "train": train, "test": test, "size": size, "seed": seed}
    recipe |= {} if modality == "depth" else {"modality": modality}
    parts = {"train": train, "test": test}
    return make_folder(Path(root), recipe, lambda folder: _fill(folder, parts, size, seed, modality))


def _fill(root: Path, parts: dict[str, int], size: int, seed: int, modality: str) -> None:
    folder, suffix, turned = SECOND[modality]
    for part_number, (part, count) in enumerate(parts.items()):
        for number in range(count):
            scene = draw_scene(size, np.random.default_rng([seed, part_number, number]))
            name = f"{number + 1:04d}"
            save_image(scene.image, root / part / "RGB" / f"{name}{'.png' if modality == 'depth' else '.jpg'}")
            save_image(turned(scene.depth), root / part / folder / f"{name}{suffix}")
            save_image(scene.mask, root / part / "GT" / f"{name}.png")


def draw_scene(size: int, rng: np.random.Generator) -> Scene:
    """Draw a scene: one object, one patch, one lump and, if there is room, up to one more patch and lump.

    Args:
        size: the length of the sides, in pixels.
        rng: draws everything.
    """
    hue = rng.uniform()
    ground = sample_texture(rng, size, hue)
    object_texture = sample_texture(rng, size, hue + rng.uniform(0.25, 0.75))
    image, depth = ground.paint(size, rng), _background_depth(size, rng)
    mask = np.zeros((size, size), bool)
    kinds = [*KINDS, *rng.permutation(KINDS[1:])[: rng.integers(3)].tolist()]
    for kind, shape in zip(kinds, _apart(size, len(kinds), rng)):
        _put(kind, shape, ground if kind == "lump" else object_texture, image, depth, rng)
        mask |= shape & (kind == "object")
    return _photograph(image, depth, mask, rng)


def _background_depth(size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw a tilted, uneven ground behind everything, (size, size) between 0 and about 0.45."""
    y, x = np.mgrid[:size, :size] / size
    tilt = rng.uniform(0.1, 0.3) * y + rng.uniform(-0.1, 0.1) * (x - 0.5)
    return np.clip(rng.uniform(0.02, 0.15) + tilt + 0.02 * smooth_noise(size, size / 10, rng), 0, None)


def _apart(size: int, count: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Draw shapes that do not touch, each (size, size) bool: ``count`` if there is room, one of each kind at least."""
    shapes: list[np.ndarray] = []
    while len(shapes) < len(KINDS):
        shapes = _scatter(size, count, rng)
    return shapes


def _scatter(size: int, count: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Draw shapes at random places, and leave out those that touch an earlier one."""
    shapes: list[np.ndarray] = []
    taken = np.zeros((size, size), bool)
    for _ in range(TRIES):
        shape = _blob(size, rng)
        if len(shapes) < count and not (shape & taken).any():
            shapes.append(shape)
            taken |= gaussian_filter(shape.astype(float), size / 48) > 0.01  # and a margin
    return shapes


def _blob(size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw a rounded, lobed or nearly rectangular shape, (size, size) bool."""
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
    """Take the picture: with light from one side, a lens and two sensors."""
    size = len(mask)
    light = 1 + 0.25 * np.tensordot(rng.uniform(-1, 1, 2), np.mgrid[:size, :size] / size - 0.5, 1)
    seen = gaussian_filter(image * light[..., None], (0.5, 0.5, 0)) + rng.normal(0, 6, image.shape)
    measured = gaussian_filter(depth, 0.7) + rng.normal(0, 0.012, depth.shape)
    return Scene(
        *(Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)) for values in (seen, 255 * measured, 255.0 * mask))
    )
