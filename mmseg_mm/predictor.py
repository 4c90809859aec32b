"""Prediction of saliency maps of many pairs of image and depth, in batches."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import ConfigDict
from mmengine.dataset import Compose, pseudo_collate
from mmseg.models import BaseSegmentor

from fastreid_mm.common.errors import InputError, require_choice
from fastreid_mm.common.pixels import MAX_PIXELS
from fastreid_mm.saliency.image_files import image_remark, require_image
from mmseg_mm.datasets.transforms.load_depth import DIRECTIONS
from mmseg_mm.models.saliency_tta import SaliencyTTAModel

Picture = str | Path | np.ndarray
"""Path of an image or depth map, or an array."""


class SaliencyPredictor:
    """Predictor of the saliency maps of pairs of image and depth.

    Args:
        model: the model that :func:`init_rgbd_model` returns.
        tta: whether to average the maps over the views of the config's ``tta_pipeline``, which flips the images.
        amp: whether to compute in bfloat16 where PyTorch's autocast does.
        depth_direction: the direction of the depth, "near_white" or "far_white". By default the config gives that of
            files. An array with "far_white" goes from 0 (near) to 1 (far).
        max_pixels: the largest number of pixels of a file of an image or of depth, checked before it is decoded. At the
            default of 33.5 million, a pair may take some 800 MB.

    Raises:
        InputError: the direction is unknown, or the config has no ``tta_pipeline``.
    """

    def __init__(
        self,
        model: BaseSegmentor,
        tta: bool = False,
        amp: bool = False,
        depth_direction: str | None = None,
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        if depth_direction is not None:
            require_choice("depth_direction", depth_direction, DIRECTIONS)
        self.depth_direction = depth_direction
        self.amp = amp
        self.max_pixels = max_pixels
        self.device = next(model.parameters()).device
        self._model = SaliencyTTAModel(model).eval() if tta else model
        self._pipeline = Compose(_steps(model.cfg, tta))

    def __call__(self, pairs: Sequence[tuple[Picture, Picture]]) -> list[np.ndarray]:
        """Predict the saliency maps of a batch of pairs, whose sizes may differ.

        Args:
            pairs: images, each a path or an array (H, W, 3) of blue, green and red, as in OpenCV and mmsegmentation,
                with depth: a path, which is read as the ``LoadDepthFromFile`` of the config says, or floats (H, W) from
                0 (far) to 1 (near). One pair alone, a tuple, counts as a list of one.

        Returns:
            The probabilities (H, W), float32, at the size of each image.

        Raises:
            InputError: the argument is no list of pairs, a file cannot be used, the sizes of image and depth differ, or
                an array has the wrong shape, data type or range.
        """
        return self.predict([self.load(image, depth) for image, depth in _list_pairs(pairs)])

    def load(self, image: Picture, depth: Picture) -> dict:
        """Load a pair for :meth:`predict`."""
        sample: dict[str, Any] = {"max_pixels": self.max_pixels}
        if self.depth_direction is not None:
            sample["depth_direction"] = self.depth_direction
        for path, array, value in (("img_path", "img", image), ("depth_path", "depth", depth)):
            if isinstance(value, np.ndarray):
                sample[array] = value
            else:
                require_image(value, self.max_pixels)
                if path == "img_path" and (remark := image_remark(value, self.max_pixels)):
                    warnings.warn(remark, stacklevel=2)
                sample[path] = str(value)
        if "img" in sample and (sample["img"].ndim != 3 or sample["img"].shape[2] != 3):
            raise InputError(f"an image is (H, W, 3), not {sample['img'].shape}")
        return self._pipeline(sample)

    @torch.no_grad()
    def predict(self, samples: Sequence[dict]) -> list[np.ndarray]:
        """Predict the saliency map (H, W) of each sample that :meth:`load` has returned.

        Samples of the same size go through the network together.
        """
        groups: dict[object, list[int]] = {}
        for index, sample in enumerate(samples):
            groups.setdefault(_size(sample["inputs"]), []).append(index)
        maps: dict[int, np.ndarray] = {}
        for members in groups.values():
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.amp):
                results = self._model.test_step(pseudo_collate([samples[index] for index in members]))
            for index, result in zip(members, results):
                maps[index] = result.seg_logits.data[0].float().cpu().numpy()
        return [maps[index] for index in range(len(samples))]


def _list_pairs(pairs: Iterable) -> list[tuple[Picture, Picture]]:
    """Return pairs as a list; one pair alone becomes a list of one."""
    if isinstance(pairs, tuple) and len(pairs) == 2 and all(isinstance(part, Picture) for part in pairs):
        return [pairs]
    expected = "pairs must be a list of pairs of image and depth, each a path or an array"
    if isinstance(pairs, Picture | Mapping) or not isinstance(pairs, Iterable):
        raise InputError(f"{expected}, not {type(pairs).__name__}")
    pairs = list(pairs)
    for number, pair in enumerate(pairs):
        if not isinstance(pair, tuple | list) or len(pair) != 2 or not all(isinstance(part, Picture) for part in pair):
            raise InputError(f"{expected}: number {number} is none")
    return pairs


def _steps(config: ConfigDict, tta: bool) -> list[dict]:
    """Return the pipeline of a config, with a loader that takes arrays, too."""
    if tta and "tta_pipeline" not in config:
        raise InputError("the config has no tta_pipeline, which says what the views of an image are")
    steps = deepcopy(config.tta_pipeline if tta else config.test_dataloader.dataset.pipeline)
    for step in steps:
        if step["type"] == "LoadImageFromFile":
            step["type"] = "InferencerLoader"
    return steps


def _size(inputs: torch.Tensor | list[torch.Tensor]) -> object:
    """Return the shape of an input, or those of its views."""
    return tuple(view.shape for view in inputs) if isinstance(inputs, list) else inputs.shape
