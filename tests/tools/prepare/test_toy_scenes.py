"""In toy RGB-D scenes neither colour nor depth alone shows the salient object."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import binary_dilation

from fastreid_mm.common.errors import InputError
from toy_scenes.scenes import draw_scene, make_toy_rgbd
from toy_scenes.textures import PATTERNS, Texture

SCENES = [draw_scene(64, np.random.default_rng(seed)) for seed in range(12)]
AREA = 40  # pixels, of 4096


def _arrays(scene) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Image, depth, the object, and what is clearly outside it."""
    image, depth, mask = (np.asarray(part) for part in (scene.image, scene.depth, scene.mask))
    return image.astype(float), depth.astype(float), mask > 0, ~binary_dilation(mask > 0, iterations=4)


@pytest.mark.parametrize("scene", SCENES)
def test_the_object_is_near_but_not_alone(scene) -> None:
    _, depth, mask, outside = _arrays(scene)
    assert depth[mask].mean() > np.median(depth[outside]) + 30
    assert np.sum(depth[outside] > np.median(depth[outside]) + 30) > AREA


@pytest.mark.parametrize("scene", SCENES)
def test_the_objects_texture_is_elsewhere_too_but_not_near(scene) -> None:
    image, depth, mask, outside = _arrays(scene)
    chroma = image / image.sum(axis=2, keepdims=True).clip(1)
    own, ground = chroma[mask].mean(axis=0), np.median(chroma[outside], axis=0)
    alike = outside & (np.linalg.norm(chroma - own, axis=2) < np.linalg.norm(chroma - ground, axis=2))
    assert alike.sum() > AREA
    assert np.median(depth[alike]) < depth[mask].mean() - 25


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_pattern_mixes_both_colours(pattern: str) -> None:
    colours = np.array([[0.0, 0, 0], [200, 200, 200]])
    painted = Texture(colours, pattern, 8.0, 0.5).paint(64, np.random.default_rng(0))
    assert 0.05 < np.mean(painted > 100) < 0.8


def _tree(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_layout_and_seed(tmp_path: Path) -> None:
    assert make_toy_rgbd(tmp_path / "a", 3, 2, 32, seed=1)
    assert not make_toy_rgbd(tmp_path / "a", 3, 2, 32, seed=1)
    make_toy_rgbd(tmp_path / "b", 3, 2, 32, seed=1)
    make_toy_rgbd(tmp_path / "c", 3, 2, 32, seed=2)
    first, other = _tree(tmp_path / "a"), _tree(tmp_path / "c")
    assert first == _tree(tmp_path / "b")
    assert len(first) == 3 * (3 + 2) + 1 and first["train/RGB/0001.png"] != other["train/RGB/0001.png"]
    assert first["train/RGB/0001.png"] != first["test/RGB/0001.png"]
    mask = np.asarray(Image.open(tmp_path / "a/test/GT/0002.png"))
    assert mask.shape == (32, 32) and set(np.unique(mask)) == {0, 255}


@pytest.mark.parametrize(
    "arguments, message",
    [({"train": 0}, "train .* got 0"), ({"size": 16}, "size .* got 16"), ({"seed": -1}, "seed .* got -1")],
)
def test_numbers_are_checked(tmp_path: Path, arguments: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make_toy_rgbd(tmp_path / "x", **arguments)
