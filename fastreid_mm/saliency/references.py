"""Scores of maps that know nothing of the images: all black ones, and the mean of a set's masks."""

from collections.abc import Sequence
from typing import cast

import cv2
import numpy as np

from fastreid_mm.saliency.image_files import look_at_mask
from fastreid_mm.saliency.saliency_scores import Scores
from fastreid_mm.saliency.score_job import ScoreJob

SIDE = 128
"""Side in pixels of the mean, which is resized to each mask."""


def mean_mask(mask_paths: Sequence[str]) -> np.ndarray:
    """Average the masks of a set, each resized to one size: the share of them (SIDE, SIDE) that a place belongs to."""
    total = np.zeros((SIDE, SIDE), np.float64)
    for path in mask_paths:
        total += cv2.resize(look_at_mask(path)[0].astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return (total / len(mask_paths)).astype(np.float32)


def reference_scores(mask_paths: Sequence[str]) -> dict[str, list[Scores]]:
    """Score maps without any object, and the mean of the masks.

    Returns:
        Scores of the maps of all masks by "all black" and "mean of the masks".

    Raises:
        InputError: a mask cannot be read.
    """
    found, black = {}, np.zeros((SIDE, SIDE), np.float32)
    for name, one in {"all black": black, "mean of the masks": mean_mask(mask_paths)}.items():
        found[name] = [cast(Scores, ScoreJob(one, path, None).run()) for path in mask_paths]
    return found
