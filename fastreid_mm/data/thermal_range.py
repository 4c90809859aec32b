"""Range of the thermal images of a training set, measured when a run begins."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress

import numpy as np
from yacs.config import CfgNode

from fastreid_mm.common.errors import InputError
from fastreid_mm.common.grey_range import set_range
from fastreid_mm.common.pixels import DEEP, open_image
from fastreid_mm.data.build import build_dataset
from fastreid_mm.data.items import Item, as_items

logger = logging.getLogger("fastreid.mm")

KEY = "INPUT.MAX_PIXELS"
LOOKED_AT = 400
"""Largest number of images that a range is measured over, evenly spread over the training images."""


def measured_range(cfg: CfgNode) -> tuple[float, float] | None:
    """Measure what becomes black and white of the training images of more than 8 bits, if a config asks for it.

    Returns:
        The values at ``INPUT.PERCENTILES_16BIT`` of the images of ``DATASETS.NAMES``; None unless
        ``INPUT.RANGE_16BIT_OF`` is "set".

    Raises:
        InputError: no image has more than 8 bits, or ``INPUT.RANGE_16BIT`` is fixed already; or see
            :func:`build_dataset`.
    """
    if cfg.INPUT.RANGE_16BIT_OF != "set":
        return None
    if cfg.INPUT.RANGE_16BIT:
        given = tuple(cfg.INPUT.RANGE_16BIT)
        raise InputError(f"INPUT.RANGE_16BIT_OF set measures a range: INPUT.RANGE_16BIT must be (), not {given}")
    items = [item for name in cfg.DATASETS.NAMES for item in as_items(build_dataset(cfg, name).train)]
    found = set_range(_deep_images(items, cfg.INPUT.MAX_PIXELS), cfg.INPUT.PERCENTILES_16BIT)
    if found is None:
        raise InputError("INPUT.RANGE_16BIT_OF set: no training image that was looked at has more than 8 bits")
    logger.info(f"Thermal images: {found[0]:g} becomes black and {found[1]:g} white, as in INPUT.RANGE_16BIT {found}")
    return found


def _deep_images(items: Sequence[Item], max_pixels: int) -> Iterator[np.ndarray]:
    """Read evenly spread images (H, W) that have more than 8 bits; what cannot be read is told later."""
    paths = sorted({path for item in items for path in item.files if path})
    deep = [path for path in paths if _is_deep(path, max_pixels)]
    for path in deep[:: max(1, -(-len(deep) // LOOKED_AT))]:
        with suppress(Exception), open_image(path, path, max_pixels, KEY) as image:
            values = np.asarray(image)
            if np.isfinite(values).all():
                yield values


def _is_deep(path: str, max_pixels: int) -> bool:
    """Tell by its header whether an image is grey and has more than 8 bits."""
    try:
        with open_image(path, path, max_pixels, KEY) as image:
            return image.mode in DEEP
    except Exception:
        return False
