"""Groups of images, by modality or by camera."""

import numpy as np

from fastreid_mm.common.modality import INFRARED, VISIBLE
from fastreid_mm.data.items import Item, field

NAMES = {VISIBLE: "visible", INFRARED: "infrared"}
"""Names of modalities in pictures."""


def by_modality(items: list[Item]) -> dict[str, np.ndarray]:
    """Find the items of each modality, that of the first item first; nothing if items are aligned samples."""
    if not all(item.has_modality for item in items):
        return {}
    labels = field(items, "modality")
    return {NAMES[label]: np.flatnonzero(labels == label) for label in dict.fromkeys(labels.tolist())}


def by_camera(items: list[Item]) -> dict[str, np.ndarray]:
    """Find the items of each camera."""
    labels = field(items, "camid")
    return {f"camera {label}": np.flatnonzero(labels == label) for label in np.unique(labels).tolist()}
