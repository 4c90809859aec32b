"""Augmentation of whole batches: drawn at once in a loader's worker, and made on the device of the network."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from yacs.config import CfgNode

from fastreid_mm.common.random_streams import uniforms
from fastreid_mm.data.config import SMALLEST_ERASED

ASPECTS = (0.3, 3.3)
"""Smallest and largest height of an erased rectangle divided by its width, those of torchvision."""

TRIES = 10
"""Number of rectangles that are drawn until one fits into the image, that of torchvision."""

DRAWS = "draws"
"""Key of a batch under which the draws of its images are."""


class Draws(NamedTuple):
    """Draws of one image, in the order of their columns."""

    mirrored: int
    """1 if the image is mirrored left to right, else 0."""
    down: int
    """First row of the crop in the padded image."""
    right: int
    """First column of the crop in the padded image."""
    top: int
    """First row of the erased rectangle."""
    left: int
    """First column of the erased rectangle."""
    height: int
    """Height of the erased rectangle; 0 if nothing is erased."""
    width: int
    """Width of the erased rectangle."""


class Augmentation(NamedTuple):
    """Random crops of padded images, flips and erasing, distributed as torchvision's are, for images of one size.

    Images stay uint8 until they are on the device, a quarter of what has to be moved, and a worker does nothing for
    each of them but read and resize it.
    """

    size: tuple[int, int]
    """Height and width of the images."""
    flipped: float = 0.0
    """Probability of mirroring an image left to right."""
    padding: int = 0
    """Black pixels on each side, of which a crop of the image's size is taken."""
    erased: float = 0.0
    """Probability of erasing a rectangle."""
    largest: float = 0.33
    """Largest share of the image that is erased."""
    value: tuple[float, ...] = (0.0, 0.0, 0.0)
    """Colour of erased rectangles, of values 0 to 255."""
    views: int = 0
    """Number of images of an aligned sample; 0 for single images."""
    shared: bool = True
    """True if all images of an aligned sample have the same draws."""

    def draw(self, keys: Sequence[tuple[int, ...]]) -> Tensor:
        """Draw for the samples of a batch, each by its key alone.

        Returns:
            :class:`Draws` as (B, 7) whole numbers, (B, M, 7) for aligned samples.
        """
        apart = self.views if self.views and not self.shared else 1
        chances = uniforms([(*key, view) for key in keys for view in range(apart)], 6 + 2 * TRIES).T
        rows = np.stack([chances[0] < self.flipped, *self._shifts(chances[1:3]), *self._rectangles(chances[3:])], 1)
        draws = torch.from_numpy(rows.astype(np.int64)).unflatten(0, (len(keys), apart))
        return draws.expand(-1, self.views, -1) if self.views else draws[:, 0]

    def _shifts(self, chances: np.ndarray) -> np.ndarray:
        return np.floor(chances * (2 * self.padding + 1))

    def _rectangles(self, chances: np.ndarray) -> np.ndarray:
        """Draw top, left, height and width (4, N), zeros where nothing is erased."""
        drawn, places, shares, ratios = chances[0], chances[1:3], *chances[3:].reshape(2, TRIES, -1)
        area = math.prod(self.size) * (SMALLEST_ERASED + shares * (self.largest - SMALLEST_ERASED))
        low, high = map(math.log, ASPECTS)
        aspect = np.exp(low + ratios * (high - low))
        sides = np.rint(np.sqrt([area * aspect, area / aspect]))  # (2, TRIES, N)
        fits = (sides < np.reshape(self.size, (2, 1, 1))).all(0)
        first = np.take_along_axis(sides, fits.argmax(0)[None, None], 1)[:, 0]
        corner = np.floor(places * (np.reshape(self.size, (2, 1)) - first + 1))
        return np.where(fits.any(0) & (drawn < self.erased), np.concatenate([corner, first]), 0)

    def apply(self, images: Tensor, draws: Tensor, present: Tensor | None = None) -> Tensor:
        """Make what was drawn of images on any device, perhaps in place.

        Args:
            images: (B, 3, H, W), or (B, M, 3, H, W) aligned ones, float32 of values 0 to 255.
            draws: what :meth:`draw` returned, on the CPU.
            present: (B, M) bool on the CPU, true where there is an image; others stay zero.
        """
        if present is not None:
            draws = draws * present[..., None]
        flat, rows = images.flatten(0, -4), [Draws(*row) for row in draws.reshape(-1, len(Draws._fields)).tolist()]
        if self.padding:
            height, width = self.size
            padded = F.pad(flat, [self.padding] * 4)
            flat = torch.stack(
                [
                    image[:, row.down : row.down + height, row.right : row.right + width]
                    for image, row in zip(padded, rows)
                ]
            )
        if self.flipped:
            mirrored = draws[..., 0].flatten().bool().to(images.device, non_blocking=True)
            flat = torch.where(mirrored[:, None, None, None], flat.flip(-1), flat)
        for image, row in zip(flat, rows):
            if row.height:
                for channel, value in zip(image, self.value):
                    channel[row.top : row.top + row.height, row.left : row.left + row.width] = value
        return flat.view(images.shape)


def batch_augmentation(cfg: CfgNode, views: int) -> Augmentation | None:
    """Make the augmentation of a config's training, or None if ``INPUT`` asks for more than it does.

    Args:
        cfg: the config.
        views: the number of images of an aligned sample; 0 for single images.
    """
    put = cfg.INPUT
    others = ("AUTOAUG", "CROP", "CJ", "AFFINE", "AUGMIX", "RPT", "THERMAL_INVERSION", "CHANNEL_AUGMENTATION")
    if any(put[name].ENABLED for name in others) or (put.PADDING.ENABLED and put.PADDING.MODE != "constant"):
        return None
    if len(put.SIZE_TRAIN) != 2 or min(put.SIZE_TRAIN) <= 0:
        return None
    return Augmentation(
        size=tuple(put.SIZE_TRAIN),
        flipped=put.FLIP.PROB if put.FLIP.ENABLED else 0.0,
        padding=put.PADDING.SIZE if put.PADDING.ENABLED else 0,
        erased=put.REA.PROB if put.REA.ENABLED else 0.0,
        largest=put.REA.MAX_AREA,
        value=tuple(put.REA.VALUE),
        views=views,
        shared=not views or put.SHARED_DRAWS,
    )
