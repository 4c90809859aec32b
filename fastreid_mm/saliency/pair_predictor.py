"""Prediction of saliency maps of many pairs of an image and its second modality, whatever computes them."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fastreid_mm.common.errors import InputError, require_choice
from fastreid_mm.common.pixels import MAX_PIXELS
from fastreid_mm.saliency.image_files import image_remark, image_size, require_image
from fastreid_mm.saliency.load_depth import DIRECTIONS
from fastreid_mm.saliency.load_thermal import require_range

Picture = str | Path | np.ndarray
"""Path of an image, depth map or thermal image, or an array."""

MISSING = 0.0
"""Default of the second modality where there is none, from 0 to 1: everything is far, or cold."""


class PairPredictor(ABC):
    """Predictor of the saliency maps of pairs of an image and its second modality, depth or thermal.

    Args:
        depth_direction: the direction of the depth, "near_white" or "far_white". By default the network's training
            gives that of files. An array with "far_white" goes from 0 (near) to 1 (far).
        max_pixels: the largest number of pixels of a file, checked before it is decoded. At the default of 33.5
            million, a pair may take some 800 MB.
        thermal_range: the values of thermal images of more than 8 bits that become black and white, if not as in
            training.
        resize: whether a second modality of another size than its image is resized to it, instead of refused.
        missing: the value from 0 to 1 that takes the place of a second modality that is None: depth, 1 near, or the
            grey of a thermal image.

    Attributes:
        modality: the second modality of the network, "depth" or "thermal".

    Raises:
        InputError: the direction is unknown, or a value is out of range.
    """

    modality: str

    def __init__(
        self,
        depth_direction: str | None = None,
        max_pixels: int = MAX_PIXELS,
        thermal_range: Sequence[float] | None = None,
        resize: bool = False,
        missing: float = MISSING,
    ) -> None:
        if depth_direction is not None:
            require_choice("depth_direction", depth_direction, DIRECTIONS)
        if thermal_range is not None:
            require_range("thermal_range", thermal_range)
        if not 0 <= missing <= 1:
            raise InputError(f"missing must be from 0 to 1, got {missing}")
        facts = {"depth_direction": depth_direction, "thermal_range": thermal_range, "resize": resize or None}
        self.facts = {name: fact for name, fact in facts.items() if fact is not None}
        self.missing, self.max_pixels = missing, max_pixels

    def __call__(self, pairs: Sequence[tuple[Picture, Picture | None]]) -> list[np.ndarray]:
        """Predict the saliency maps of a batch of pairs, whose sizes may differ.

        Args:
            pairs: images, each a path or an array (H, W, 3) of blue, green and red, as in OpenCV and mmsegmentation,
                with its second modality: a path, which is read as in training; floats (H, W) from 0 (far) to 1 (near);
                a thermal image, (H, W, 3) uint8 or (H, W) of any numbers; or None for ``missing``. One pair alone, a
                tuple, counts as a list of one.

        Returns:
            The probabilities (H, W), float32, at the size of each image.

        Raises:
            InputError: the argument is no list of pairs, a file cannot be used, the sizes of a pair differ, or
                an array has the wrong shape, data type or range.
        """
        return self.predict([self.load(image, second) for image, second in _list_pairs(pairs)])

    def load(self, image: Picture, second: Picture | None) -> dict:
        """Load a pair for :meth:`predict`."""
        sample: dict[str, Any] = {"max_pixels": self.max_pixels, **self.facts}
        for path, array, value in (("img_path", "img", image), (f"{self.modality}_path", self.modality, second)):
            if value is None:
                sample[array] = self._fill(image)
                sample.pop("depth_direction", None)
            elif isinstance(value, np.ndarray):
                sample[array] = value
            else:
                require_image(value, self.max_pixels)
                if path == "img_path" and (remark := image_remark(value, self.max_pixels)):
                    warnings.warn(remark, stacklevel=2)
                sample[path] = str(value)
        if "img" in sample and (sample["img"].ndim != 3 or sample["img"].shape[2] != 3):
            raise InputError(f"an image is (H, W, 3), not {sample['img'].shape}")
        return self.prepare(sample)

    def predict(self, samples: Sequence[dict]) -> list[np.ndarray]:
        """Predict the saliency map (H, W) of each sample that :meth:`load` has returned.

        Samples of the same size go through the network together.
        """
        groups: dict[Hashable, list[int]] = {}
        for index, sample in enumerate(samples):
            groups.setdefault(self.size_of(sample), []).append(index)
        maps: dict[int, np.ndarray] = {}
        for members in groups.values():
            maps |= zip(members, self.compute([samples[index] for index in members]))
        return [maps[index] for index in range(len(samples))]

    @abstractmethod
    def prepare(self, sample: dict) -> dict:
        """Read the files of a sample that has no arrays, and make the network's input of it."""

    @abstractmethod
    def size_of(self, sample: dict) -> Hashable:
        """Return the size of a prepared sample; those of one size go through the network together."""

    @abstractmethod
    def compute(self, samples: Sequence[dict]) -> Iterable[np.ndarray]:
        """Compute the maps (H, W), float32, of prepared samples of one size."""

    def _fill(self, image: Picture) -> np.ndarray:
        """Return a second modality of one value at the size of an image."""
        if isinstance(image, np.ndarray):
            size = image.shape[:2]
        else:
            require_image(image, self.max_pixels)
            size = image_size(image, self.max_pixels)[::-1]
        if self.modality == "depth":
            return np.full(size, self.missing, np.float32)
        return np.full((*size, 3), round(255 * self.missing), np.uint8)


def _list_pairs(pairs: Iterable) -> list[tuple[Picture, Picture | None]]:
    """Return pairs as a list; one pair alone becomes a list of one."""
    if isinstance(pairs, tuple) and _is_pair(pairs):
        return [pairs]
    expected = "pairs must be a list of pairs of image and depth, or thermal image, each a path or an array"
    if isinstance(pairs, Picture | Mapping) or not isinstance(pairs, Iterable):
        raise InputError(f"{expected}, not {type(pairs).__name__}")
    pairs = list(pairs)
    for number, pair in enumerate(pairs):
        if not isinstance(pair, tuple | list) or not _is_pair(pair):
            raise InputError(f"{expected}: number {number} is none")
    return pairs


def _is_pair(parts: Sequence) -> bool:
    """Tell whether parts are an image and a second modality, which may be None."""
    return len(parts) == 2 and isinstance(parts[0], Picture) and isinstance(parts[1], Picture | None)
