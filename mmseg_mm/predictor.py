"""Prediction of saliency maps of many pairs of image and depth or thermal image, in batches."""

from collections.abc import Hashable, Iterator, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import ConfigDict
from mmengine.dataset import Compose, pseudo_collate
from mmseg.models import BaseSegmentor

from fastreid_mm.common.errors import InputError
from fastreid_mm.saliency.pair_predictor import PairPredictor
from mmseg_mm.models.saliency_tta import SaliencyTTAModel
from mmseg_mm.second_modality import second_modality
from mmseg_mm.trained_model import init_rgbd_model


class SaliencyPredictor(PairPredictor):
    """Predictor of saliency maps by mmsegmentation; ``fastreid_mm.export.OnnxSaliencyPredictor`` needs no PyTorch.

    Args:
        model: the model that :func:`init_rgbd_model` returns, or a folder with a trained network that it takes.
        tta: whether to average the maps over the views of the config's ``tta_pipeline``, which flips the images.
        amp: whether to compute in bfloat16 where PyTorch's autocast does.
        options: arguments of :class:`PairPredictor`, by position or name: ``depth_direction``, ``max_pixels``,
            ``thermal_range``, ``resize`` and ``missing``.

    Raises:
        InputError: see :class:`PairPredictor`; or the config has no ``tta_pipeline``.
    """

    def __init__(
        self, model: BaseSegmentor | str | Path, tta: bool = False, amp: bool = False, *options: Any, **named: Any
    ) -> None:
        super().__init__(*options, **named)
        if isinstance(model, str | Path):
            model = init_rgbd_model(model)
        self.amp = amp
        self.device = next(model.parameters()).device
        self._model = SaliencyTTAModel(model).eval() if tta else model
        steps = _steps(model.cfg, tta)
        self.modality = second_modality(steps)
        self._pipeline = Compose(steps)

    def prepare(self, sample: dict) -> dict:
        """Apply the config's pipeline."""
        return self._pipeline(sample)

    def size_of(self, sample: dict) -> Hashable:
        """Return the shape of an input, or those of its views."""
        inputs = sample["inputs"]
        return tuple(view.shape for view in inputs) if isinstance(inputs, list) else inputs.shape

    @torch.no_grad()
    def compute(self, samples: Sequence[dict]) -> Iterator[np.ndarray]:
        """Compute the maps by the model's ``test_step``."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.amp):
            results = self._model.test_step(pseudo_collate(samples))
        return (result.seg_logits.data[0].float().cpu().numpy() for result in results)


def _steps(config: ConfigDict, tta: bool) -> list[dict]:
    """Return the pipeline of a config, with a loader that takes arrays, too."""
    if tta and not config.get("tta_pipeline"):
        raise InputError("the config has no tta_pipeline, which says what the views of an image are")
    steps = deepcopy(config.tta_pipeline if tta else config.test_dataloader.dataset.pipeline)
    for step in steps:
        if step["type"] == "LoadImageFromFile":
            step["type"] = "InferencerLoader"
    return steps
