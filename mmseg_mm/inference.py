"""Trained segmentor from its files, and its prediction for a single pair of image and second modality."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.models import BaseSegmentor
from mmseg.registry import MODELS

from fastreid_mm.common.errors import InputError, first_line
from fastreid_mm.common.pixels import MAX_PIXELS
from mmseg_mm.engine.checkpoint_entries import SETTINGS
from mmseg_mm.engine.checkpoint_match import check_settings, check_weights, unseen_settings
from mmseg_mm.engine.safe_checkpoint import read_checkpoint, weights_of
from mmseg_mm.fast_network import make_fast
from mmseg_mm.load_config import load_config
from mmseg_mm.predictor import Picture, SaliencyPredictor


def init_rgbd_model(
    config: str | Path | Config,
    checkpoint: str | Path,
    device: str = "cpu",
    trust: bool = False,
    options: Mapping[str, object] | None = None,
    fast: bool = False,
) -> BaseSegmentor:
    """Build a trained segmentor in evaluation mode, with its config as ``cfg``.

    Args:
        config: the path of a config, or the config itself.
        checkpoint: the path of a checkpoint.
        device: the device to predict on.
        trust: whether the checkpoint may be more than plain data, see :func:`read_checkpoint`.
        options: values for dotted keys of the config, as mmsegmentation's ``--cfg-options``.
        fast: whether to :func:`make_fast` the network, whose maps then differ by rounding.

    Raises:
        InputError: a file does not exist or cannot be used, the checkpoint belongs to another model, or there is no
            such device.
    """
    if not isinstance(config, Config):
        config = load_config(config, needs=("model",))
    if options:
        config = deepcopy(config)
        config.merge_from_dict(dict(options))
    _require_device(device)
    init_default_scope("mmseg")
    model = MODELS.build(config.model)
    content = read_checkpoint(str(checkpoint), trust=trust)
    weights = weights_of(content, str(checkpoint), model.state_dict())
    check_weights(model.state_dict(), weights, str(checkpoint), "predict")
    check_settings(unseen_settings(config.model), content.get("meta", {}).get(SETTINGS, {}), str(checkpoint))
    model.load_state_dict(weights, strict=False)
    model.cfg = config
    model = model.to(device).eval()
    return make_fast(model) if fast else model


def _require_device(name: str) -> None:
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:  # AssertionError if PyTorch was built without the device.
        raise InputError(f"device {name!r} cannot be used: {first_line(error)}") from None


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
