"""Prediction for a single pair of image and second modality."""

from typing import Any

import numpy as np
from mmseg.models import BaseSegmentor

from fastreid_mm.common.pixels import MAX_PIXELS
from fastreid_mm.saliency.pair_predictor import Picture
from mmseg_mm.predictor import SaliencyPredictor


def inference_rgbd(
    model: BaseSegmentor,
    image: Picture,
    depth: Picture | None,
    depth_direction: str | None = None,
    max_pixels: int = MAX_PIXELS,
    **options: Any,
) -> np.ndarray:
    """Predict the saliency map of one image with depth or, if the model takes that, a thermal image.

    :class:`SaliencyPredictor` predicts many pairs.

    Args:
        model: the model that :func:`init_rgbd_model` returns.
        image, depth: a pair as :meth:`SaliencyPredictor.__call__` takes it.
        depth_direction, max_pixels, options: see :class:`SaliencyPredictor`.

    Returns:
        The probabilities (H, W), float32, at the size of ``image``.

    Raises:
        InputError: the direction is unknown, a file cannot be used, the sizes of the pair differ, or an array
            has the wrong shape, data type or range.
    """
    predictor = SaliencyPredictor(model, depth_direction=depth_direction, max_pixels=max_pixels, **options)
    return predictor([(image, depth)])[0]
