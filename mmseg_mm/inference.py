"""Inference on single pairs of image and depth, which mmsegmentation's ``inference_model`` does not support."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import init_default_scope
from mmseg.models import BaseSegmentor
from mmseg.registry import MODELS

from fastreid_mm.errors import InputError
from mmseg_mm.choices import require_choice
from mmseg_mm.datasets.image_files import image_size
from mmseg_mm.datasets.transforms.load_depth import DIRECTIONS
from mmseg_mm.engine.checkpoint_match import check_settings, check_weights, unseen_settings
from mmseg_mm.engine.safe_checkpoint import SETTINGS, read_checkpoint


def init_rgbd_model(
    config: str | Path | Config, checkpoint: str | Path, device: str = "cpu", trust: bool = False
) -> BaseSegmentor:
    """Build a trained segmentor in evaluation mode, with its config as ``cfg``.

    Args:
        config: The path of a config, or the config itself.
        checkpoint: The path of a checkpoint.
        device: The device to predict on.
        trust: Whether the checkpoint may be more than plain data, see :func:`read_checkpoint`.

    Raises:
        InputError: A file does not exist or cannot be used, or the checkpoint belongs to another model.
    """
    if not isinstance(config, Config):
        if not Path(config).is_file():
            raise InputError(f"config {config} does not exist")
        config = Config.fromfile(config)
    init_default_scope("mmseg")
    model = MODELS.build(config.model)
    content = read_checkpoint(str(checkpoint), trust=trust)
    weights = content.get("state_dict", content)
    check_weights(model.state_dict(), weights, str(checkpoint), "predict")
    check_settings(unseen_settings(config.model), content.get("meta", {}).get(SETTINGS, {}), str(checkpoint))
    model.load_state_dict(weights, strict=False)
    model.cfg = config
    return model.to(device).eval()


@torch.no_grad()
def inference_rgbd(
    model: BaseSegmentor,
    image: str | Path | np.ndarray,
    depth: str | Path | np.ndarray,
    depth_direction: str | None = None,
) -> np.ndarray:
    """Predict the saliency map of one image with depth.

    Args:
        model: The model that :func:`init_rgbd_model` returns.
        image: A path, or an array (H, W, 3) of blue, green and red, as in OpenCV and mmsegmentation.
        depth: A path, which is read as the ``LoadDepthFromFile`` of the config says, or floats (H, W) from 0 (far) to 1
            (near).
        depth_direction: The direction of the depth, "near_white" or "far_white". By default the config gives that of
            files. An array with "far_white" is taken to go from 0 (near) to 1 (far).

    Returns:
        The probabilities (H, W), float32, at the size of ``image``.

    Raises:
        InputError: The direction is unknown, a file cannot be used, the sizes of image and depth differ, or an array
            has the wrong shape, data type or range.
    """
    given: dict[str, Any] = {}
    skip: set[str] = set()
    if depth_direction is not None:
        require_choice("depth_direction", depth_direction, DIRECTIONS)
        given["depth_direction"] = depth_direction
    for key, value, loader, use in (
        ("img", image, "LoadImageFromFile", _image),
        ("depth", depth, "LoadDepthFromFile", _depth),
    ):
        if isinstance(value, np.ndarray):
            given |= use(value)
            skip.add(loader)
        else:
            image_size(value)  # This raises an error unless the file exists and is an image.
            given[f"{key}_path"] = str(value)
    if "depth" in given and depth_direction == "far_white":
        given["depth"] = 1 - given["depth"]
    pipeline = [step for step in model.cfg.test_dataloader.dataset.pipeline if step["type"] not in skip]
    batch = pseudo_collate([Compose(pipeline)(given)])
    return model.test_step(batch)[0].seg_logits.data[0].float().cpu().numpy()


def _image(array: np.ndarray) -> dict:
    if array.ndim != 3 or array.shape[2] != 3:
        raise InputError(f"an image is (H, W, 3), not {array.shape}")
    return {"img": array, "img_shape": array.shape[:2], "ori_shape": array.shape[:2]}


def _depth(array: np.ndarray) -> dict:
    if array.ndim != 2 or not np.issubdtype(array.dtype, np.floating) or not 0 <= array.min() <= array.max() <= 1:
        raise InputError(
            f"depth is (H, W) floats from 0, far, to 1, near, not {array.shape} {array.dtype} "
            f"from {array.min()} to {array.max()}"
        )
    return {"depth": array.astype(np.float32)}
