"""Saliency on the page: the pictures that answer a pair, and pairs to begin with."""

from collections.abc import Sequence
from threading import Lock
from typing import NamedTuple

import numpy as np
from PIL import Image

from fastreid_mm.saliency.image_files import look_at_mask, read_colours, require_image
from fastreid_mm.saliency.load_second import file_beside
from fastreid_mm.saliency.onnx_description import LOADERS
from fastreid_mm.saliency.pair_predictor import PairPredictor
from fastreid_mm.saliency.predict import second_picture
from fastreid_mm.saliency.side_by_side import side_by_side, stretched

Panel = tuple[Image.Image, str]
"""Picture with its caption."""


class Pair(NamedTuple):
    """Paths of an image, of its second modality, and of its mask, which may be empty."""

    image: str
    second: str
    mask: str = ""


class SaliencyDesk:
    """Prediction for the page, one pair after the other.

    Args:
        predictor: predictor of the maps.
        examples: images to begin with, in folders ``RGB``, whose second modality is in the folder ``depth`` or ``T``
            beside it, and whose mask may be in the folder ``GT``.

    Raises:
        InputError: an example cannot be used, or has no second modality.
    """

    def __init__(self, predictor: PairPredictor, examples: Sequence[str] = ()) -> None:
        self._predictor, self._lock = predictor, Lock()
        self.examples = [self._pair(path) for path in examples]

    @property
    def modality(self) -> str:
        """Second modality, "depth" or "thermal"."""
        return self._predictor.modality

    def panels(self, pair: Pair) -> list[Panel]:
        """Predict a pair, and return image, second modality, mask and map.

        Raises:
            InputError: a file cannot be used.
        """
        with self._lock:  # networks cannot be used by several threads at once
            probability = self._predictor([(pair.image, pair.second)])[0]
        image, second = self._shown(pair)
        caption, masks = "saliency map", []
        if pair.mask:
            mask = look_at_mask(pair.mask)[0].astype(bool)
            masks = [(Image.fromarray(mask), "mask")]
            if mask.shape == probability.shape:
                caption = f"map, MAE {np.abs(probability - mask).mean():.3f}"
        found = Image.fromarray(np.rint(probability * 255).astype(np.uint8))
        return [(_picture(image), "image"), (_picture(second), self.modality), *masks, (found, caption)]

    def thumbnail(self, pair: Pair) -> Image.Image:
        """Draw image and second modality side by side."""
        return _picture(side_by_side(*self._shown(pair)))

    def _shown(self, pair: Pair) -> tuple[np.ndarray, np.ndarray]:
        image = read_colours(pair.image)
        second = second_picture(pair.second, image, self._predictor.max_pixels, self.modality)
        return image, second if second.ndim == 3 else stretched(second)

    def _pair(self, path: str) -> Pair:
        require_image(path, self._predictor.max_pixels)
        second = LOADERS[self.modality]().find_path({"img_path": path})
        return Pair(path, second, file_beside(path, "GT") or "")


def _picture(values: np.ndarray) -> Image.Image:
    """Make a picture of (H, W), or (H, W, 3) of blue, green and red."""
    return Image.fromarray(np.ascontiguousarray(values if values.ndim == 2 else values[..., ::-1]))
