"""Small RGB-D data sets on disk, and the parts of pictures."""

from pathlib import Path

import cv2
import numpy as np

from fastreid_mm.saliency.side_by_side import GAP, LABEL

PLACES = {"img_path": ("RGB", ".jpg"), "depth_path": ("depth", ".png"), "seg_map_path": ("GT", ".png")}
SIZE = (24, 32)


def write(path: Path, pixels: np.ndarray) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)
    return str(path)


def near_square(size: tuple[int, int] = SIZE) -> tuple[np.ndarray, np.ndarray]:
    """A depth map, white near, and the mask of the near square in it, each (H, W) uint8."""
    depth = np.tile(np.linspace(0, 100, size[1]), (size[0], 1)).astype(np.uint8)
    mask = np.zeros(size, np.uint8)
    mask[8:16, 4:14] = 255
    depth[mask > 0] = 200
    return depth, mask


def write_set(root: Path, names: tuple[str, ...] = ("a", "b", "c"), places: dict = PLACES) -> Path:
    """Write a data set; images are noise."""
    depth, mask = near_square()
    image = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8)
    pixels = {"img_path": image, "depth_path": depth, "seg_map_path": mask}
    for name in names:
        for key, (folder, suffix) in places.items():
            write(root / folder / (name + suffix), pixels[key])
    return root


def panels(drawn: np.ndarray, width: int) -> list[np.ndarray]:
    """The pictures side by side in one, each of this width, without their names."""
    return [drawn[LABEL:, left : left + width] for left in range(0, drawn.shape[1], width + GAP)]
