"""Trained segmentor from a config and a checkpoint, or from the folder of a trained network."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.models import BaseSegmentor
from mmseg.registry import MODELS

from fastreid_mm.common.errors import InputError, first_line
from fastreid_mm.common.model_folder import is_model_folder
from mmseg_mm.engine.checkpoint_entries import SETTINGS
from mmseg_mm.engine.checkpoint_match import check_settings, check_weights, unseen_settings
from mmseg_mm.engine.safe_checkpoint import read_checkpoint, weights_of
from mmseg_mm.fast_network import make_fast
from mmseg_mm.load_config import load_config
from mmseg_mm.model_folder import given_imports


def init_rgbd_model(
    config: str | Path | Config,
    checkpoint: str | Path = "",
    device: str = "cpu",
    trust: bool = False,
    options: Mapping[str, object] | None = None,
    fast: bool = False,
) -> BaseSegmentor:
    """Build a trained segmentor in evaluation mode, with its config as ``cfg``.

    Args:
        config: the path of a config, or the config itself; or a folder with a trained network, its path or
            ``hf://user/name``, ``hf://user/name@revision`` on the Hugging Face hub.
        checkpoint: the path of a checkpoint or such a folder; if empty, the weights of the folder in ``config``.
        device: the device to predict on.
        trust: whether the checkpoint may be more than plain data, see :func:`read_checkpoint`.
        options: values for dotted keys of the config, as mmsegmentation's ``--cfg-options``. For a folder whose network
            needs code from outside, ``custom_imports.imports`` are the modules that may be imported.
        fast: whether to :func:`make_fast` the network, whose maps then differ by rounding.

    Raises:
        InputError: a file does not exist or cannot be used, the checkpoint belongs to another model, or there is no
            such device.
    """
    options = dict(options or {})
    if not isinstance(config, Config):
        checkpoint = checkpoint or (config if is_model_folder(config) else "")
        config = load_config(config, needs=("model",), imports=given_imports(options))
    if not checkpoint:
        raise InputError("which checkpoint? Only the folder of a trained network needs none")
    if options:
        config = deepcopy(config)
        config.merge_from_dict(options)
    _require_device(device)
    init_default_scope("mmseg")
    model = MODELS.build(config.model)
    path = str(checkpoint)
    content = read_checkpoint(path, trust=trust)
    weights = weights_of(content, path, model.state_dict())
    check_weights(model.state_dict(), weights, path, "predict")
    check_settings(unseen_settings(config.model), content.get("meta", {}).get(SETTINGS, {}), path)
    model.load_state_dict(weights, strict=False)
    model.cfg = config
    model = model.to(device).eval()
    return make_fast(model) if fast else model


def _require_device(name: str) -> None:
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:  # AssertionError if PyTorch was built without the device.
        raise InputError(f"device {name!r} cannot be used: {first_line(error)}") from None
