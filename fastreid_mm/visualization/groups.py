"""Groups of images, by modality or by camera."""

from collections.abc import Sequence

import numpy as np

from fastreid_mm.modality import INFRARED, VISIBLE
from fastreid_mm.protocols.evaluator import field

NAMES = {VISIBLE: "visible", INFRARED: "infrared"}
"""Modalities as pictures call them."""


def by_modality(items: list[tuple]) -> dict[str, np.ndarray]:
    """Indices of the items of each modality, that of the first item first; nothing if items are aligned samples."""
    if not all(len(item) > 3 and isinstance(item[3], int) for item in items):
        return {}
    labels = field(items, 3)
    return {NAMES[label]: np.flatnonzero(labels == label) for label in dict.fromkeys(labels.tolist())}


def by_camera(items: list[tuple]) -> dict[str, np.ndarray]:
    """Indices of the items of each camera."""
    labels = field(items, 2)
    return {f"camera {label}": np.flatnonzero(labels == label) for label in np.unique(labels).tolist()}


def spread(choices: Sequence | np.ndarray, count: int) -> np.ndarray:
    """At most ``count`` of the choices, evenly spread over them."""
    places = np.linspace(0, len(choices) - 1, min(count, len(choices))).round().astype(int)
    return np.asarray(choices)[places]
