"""Does a set's depth point the way the config says? Its masks can tell."""

from collections.abc import Callable, Sequence

import numpy as np

from mmseg_mm.datasets.image_files import read_mask

CHECKED = 24
SUSPICIOUS = 0.75
"""Salient objects are nearer than their surroundings in most images of every benchmark, though not in all."""


def farther_than_surroundings(
    samples: Sequence[dict], load_depth: Callable[[dict], np.ndarray]
) -> tuple[list[str], int]:
    """Look at some samples, evenly spread, for salient objects that lie behind what surrounds them.

    Args:
        samples: with ``depth_path`` and ``seg_map_path``.
        load_depth: from a sample to its depth map, (H, W), 1 near.

    Returns:
        Paths of the depth maps in which the object is farther, and how many samples were looked at.
    """
    spread = np.unique(np.linspace(0, len(samples) - 1, CHECKED).round().astype(int))
    checked, farther = 0, []
    for sample in (samples[i] for i in spread):
        depth, mask = load_depth(sample), read_mask(sample["seg_map_path"]).astype(bool)
        if mask.any() and not mask.all():
            checked += 1
            if depth[mask].mean() < depth[~mask].mean():
                farther.append(sample["depth_path"])
    return farther, checked
