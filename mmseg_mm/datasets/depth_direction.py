"""Check that the depth maps of a data set point the way the config says, by means of its masks."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from fastreid_mm.saliency.image_files import look_at_mask

CHECKED = 24
"""Largest number of samples of a data set that are checked."""
SUSPICIOUS = 0.75
"""Share of inverted samples from which on the direction is doubtful. In most images of every benchmark, though not in
all, the salient objects are nearer than their surroundings."""


def farther_than_surroundings(
    samples: Sequence[dict], load_depth: Callable[[dict], np.ndarray]
) -> tuple[list[str], int]:
    """Check evenly spread samples for salient objects that are farther away than their surroundings.

    Args:
        samples: the samples, each with ``depth_path`` and ``seg_map_path``.
        load_depth: a function that loads the depth map (H, W) of a sample, in which 1 is near.

    Returns:
        The paths of the depth maps in which the object is farther, and the number of samples that were checked.
    """
    checked, farther = 0, []
    for sample in evenly_spread(samples):
        depth, mask = load_depth(sample), look_at_mask(sample["seg_map_path"])[0]
        mask = cv2.resize(mask, depth.shape[::-1], interpolation=cv2.INTER_NEAREST).astype(bool)
        if mask.any() and not mask.all():
            checked += 1
            if depth[mask].mean() < depth[~mask].mean():
                farther.append(sample["depth_path"])
    return farther, checked


def evenly_spread(samples: Sequence[dict]) -> list[dict]:
    """Return at most :data:`CHECKED` of the samples, evenly spread."""
    if not samples:
        return []
    return [samples[i] for i in np.unique(np.linspace(0, len(samples) - 1, CHECKED).round().astype(int))]
